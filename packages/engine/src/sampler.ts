/** Chooses the next token: llama.cpp's chain in Ollama's order, ending in a draw from a seeded generator. */
import { type SamplingOptions, StatusError } from '@tabllama/api';
import { Candidates } from './candidates.ts';
import { createRandom } from './mersenne-twister.ts';

export interface Sampler {
  /** Takes a token of the prompt or of the answer into the window of the penalties. */
  accept(token: number): void;
  /** @param logits [vocabSize], left as they are */
  sample(logits: Float32Array): number;
}

const hasPenalties = ({
  repeatLastN,
  repeatPenalty,
  frequencyPenalty,
  presencePenalty,
}: SamplingOptions): boolean =>
  repeatLastN !== 0 && (repeatPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0);

/** Whether the chain comes to nothing but the greatest logit, the lowest id of equal ones. */
export const isGreedy = (options: SamplingOptions): boolean =>
  options.temperature <= 0 && options.typicalP >= 1 && !hasPenalties(options);

/**
 * One generation's sampler. Its `sample` throws StatusError 500 for logits that are not numbers.
 * @param contextLength the window of the penalties where `repeatLastN` is negative
 */
export function createSampler(vocabSize: number, contextLength: number, options: SamplingOptions): Sampler {
  const candidates = new Candidates(vocabSize);
  const random = createRandom(options.seed);
  const penalizes = hasPenalties(options);
  const windowSize = options.repeatLastN < 0 ? contextLength : options.repeatLastN;
  const history: number[] = [];
  const counts = new Map<number, number>();

  return {
    accept(token) {
      if (!penalizes) return;
      history.push(token);
      counts.set(token, (counts.get(token) ?? 0) + 1);
      if (history.length <= windowSize) return;
      const gone = history[history.length - 1 - windowSize];
      const left = counts.get(gone)! - 1;
      if (left > 0) counts.set(gone, left);
      else counts.delete(gone);
    },
    sample(logits) {
      // one NaN in the last norm makes every logit NaN
      if (Number.isNaN(logits[0]))
        throw new StatusError(500, 'the model computed logits that are not numbers');
      candidates.load(logits);
      if (penalizes) candidates.penalize(counts, options);
      // the other filters always keep the best
      if (options.temperature <= 0 && options.typicalP >= 1) return candidates.best();
      candidates.topK(options.topK);
      candidates.typicalP(options.typicalP);
      candidates.topP(options.topP);
      candidates.minP(options.minP);
      candidates.temperature(options.temperature);
      return candidates.draw(random());
    },
  };
}
