/** Chooses the next token: llama.cpp's chain in Ollama's order, ending in a draw from a seeded generator. */
import { type SamplingOptions, StatusError } from '@tabllama/api';
import { type Chain, greedy, type Mask, MOST_CANDIDATES } from '@tabllama/kernels';
import { Candidates } from './candidates.ts';
import { createRandom } from './mersenne-twister.ts';

export interface Sampler {
  /** Takes a token of the prompt or of the answer into the window of the penalties. */
  accept(token: number): void;
  /** @param logits [vocabSize], left as they are @param mask bits of the tokens that may be chosen; absent: every one */
  sample(logits: Float32Array, mask?: Uint32Array): number;
  /**
   * What `sample` would choose from now on, for the device to choose; undefined where the device cannot.
   * Of what it chose, every token that is looked at has to be told to `drew`.
   */
  chain(mask?: Mask): Chain | undefined;
  /** The device has chosen a token, which takes one draw as `sample` does. */
  drew(): void;
}

export const notNumbers = () => new StatusError(500, 'the model computed logits that are not numbers');

const hasPenalties = ({
  repeatLastN,
  repeatPenalty,
  frequencyPenalty,
  presencePenalty,
}: SamplingOptions): boolean =>
  repeatLastN !== 0 && (repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0);

/**
 * One generation's sampler. Its `sample` throws StatusError 500 for logits that are not numbers.
 * @param contextLength the window of the penalties where `repeatLastN` is negative
 */
export function createSampler(vocabSize: number, contextLength: number, options: SamplingOptions): Sampler {
  const { repeatPenalty, frequencyPenalty, presencePenalty, topK, topP, minP, typicalP, temperature } =
    options;
  const penalizes = hasPenalties(options);
  const window = options.repeatLastN < 0 ? contextLength : options.repeatLastN;
  const history: number[] = [];
  const counts = new Map<number, number>();
  // the other filters always keep the best
  const takesBest = temperature <= 0 && typicalP >= 1;
  let candidates: Candidates | undefined;

  // kept, since the device is told of draws before their turn
  const random = createRandom(options.seed);
  const draws: number[] = [];
  let drawn = 0;
  const drawAt = (place: number) => {
    while (draws.length <= place) draws.push(random());
    return draws[place];
  };

  const accept = (token: number) => {
    if (!penalizes) return;
    history.push(token);
    counts.set(token, (counts.get(token) ?? 0) + 1);
    if (history.length <= window) return;
    const gone = history[history.length - 1 - window];
    const left = counts.get(gone)! - 1;
    if (left > 0) counts.set(gone, left);
    else counts.delete(gone);
  };

  return {
    accept,
    sample(logits, mask) {
      // one NaN in the last norm makes every logit NaN
      if (Number.isNaN(logits[0])) throw notNumbers();
      candidates ??= new Candidates(vocabSize);
      candidates.load(logits, mask);
      if (penalizes) candidates.penalize(counts, options);
      if (takesBest) return candidates.best();
      candidates.topK(topK);
      candidates.typicalP(typicalP);
      candidates.topP(topP);
      candidates.minP(minP);
      candidates.temperature(temperature);
      return candidates.draw(drawAt(drawn++));
    },
    chain(mask) {
      const isShort = topK > 0 && topK <= MOST_CANDIDATES && typicalP >= 1;
      if (!takesBest && !isShort) return undefined;
      if (penalizes && (window > contextLength || repeatPenalty <= 0)) return undefined;
      const start = drawn;
      const filters = { topK, topP, minP, temperature, draw: (n: number) => drawAt(start + n) };
      const penalties = {
        repeat: repeatPenalty,
        frequency: frequencyPenalty,
        presence: presencePenalty,
        window,
        recent: history.slice(-window),
      };
      return { ...(takesBest ? greedy : filters), ...(penalizes && { penalties }), mask };
    },
    drew() {
      drawn++;
    },
  };
}
