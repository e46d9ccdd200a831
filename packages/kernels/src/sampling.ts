/** The choice of a token on the device, so that the next step need not wait for the host: the filters of llama.cpp's chain, in Ollama's order. */
import type { Layout } from './device.ts';
import type { Dispatch } from './plan.ts';

/** A chain whose candidates are few. */
export interface Chain {
  /** Keeps so many of the best, 1 … MOST_CANDIDATES. */
  readonly topK: number;
  /** Of these the shortest prefix whose probabilities add up to so much; 1: all. */
  readonly topP: number;
  /** Of these the ones that are so many times as probable as the best; 0: all. */
  readonly minP: number;
  /** Divides the logits that are left, > 0. */
  readonly temperature: number;
  /** Before everything else, what was said lately is made less probable. */
  readonly penalties?: Penalties;
  /**
   * Which tokens may be chosen at all, before everything else: ⌈vocabSize / 32⌉ words, for token t bit t & 31 of word t >> 5. Asked
   * before each token and told the one that was chosen before, undefined before the first. None ends the choosing. Absent: every
   * token, always.
   */
  readonly mask?: Mask;
  /** The uniform number in [0, 1] of the nth token from now on: the first candidate is taken at which probabilities add up to it. */
  draw(n: number): number;
}

export type Mask = (previous?: number) => Uint32Array<ArrayBuffer> | undefined;

export interface Penalties {
  readonly repeat: number;
  readonly frequency: number;
  readonly presence: number;
  /** How many of the last tokens are penalized, at least 1 and at most the context. */
  readonly window: number;
  /** The tokens before the first that is chosen, at most `window`, the oldest first. */
  readonly recent: readonly number[];
}

export const MOST_CANDIDATES = 128;

/** The best logit, of equal ones the lowest id. */
export const greedy: Chain = { topK: 1, topP: 1, minP: 0, temperature: 1, draw: () => 0 };

/** Draws on the device at once, so that the host writes them seldom. */
export const DRAWS = 55;
/** What is written as the token where the logits are no numbers, and into places of the window that hold none. */
export const NO_TOKEN = 0xffffffff;
const HEADER_WORDS = 9;

/** Workgroups that look for the best candidates: a lane has a stretch of 16 ids, or of more where the vocabulary is large. */
const groupsOf = (vocabSize: number, layout: Layout) =>
  Math.min(32, Math.ceil(vocabSize / (16 * layout.lanes)));

/** Bytes of the buffers that sampling has for itself. */
export const samplingBytes = (vocabSize: number, layout: Layout, contextLength: number) => ({
  best: groupsOf(vocabSize, layout) * layout.lanes * 8,
  chain: (HEADER_WORDS + DRAWS) * 4,
  counts: vocabSize * 4,
  window: contextLength * 4,
  mask: Math.ceil(vocabSize / 32) * 4,
});

export type SamplingBuffers = Readonly<
  Record<keyof ReturnType<typeof samplingBytes> | 'state' | 'logits', GPUBuffer>
>;

/** Logits → state.token, and the position moves on by one. */
export function recordSampling(vocabSize: number, layout: Layout, b: SamplingBuffers): Dispatch[] {
  const constants = { LANES: layout.lanes };
  const groups = groupsOf(vocabSize, layout);
  const uniforms = [vocabSize, groups * layout.lanes];
  const bindings = { 4: b.logits, 5: b.best, 6: b.chain, 7: b.counts, 9: b.mask };
  return [
    { kernel: 'best-candidates', constants, uniforms, bindings, grid: () => [groups] },
    {
      kernel: 'sample',
      constants,
      uniforms,
      bindings: { ...bindings, 3: b.state, 8: b.window },
      grid: () => [1],
    },
  ];
}

/** Puts a chain on the device: before the first token that it chooses, whose `state.count` is 0. */
export function writeChain(queue: GPUQueue, vocabSize: number, b: SamplingBuffers, chain: Chain): void {
  const words = new Uint32Array(HEADER_WORDS);
  const floats = new Float32Array(words.buffer);
  const { penalties } = chain;
  words[0] = chain.topK;
  // a temperature that no float divides by is as good as none
  floats.set(
    [
      chain.topP,
      chain.minP > 0 ? Math.log(Math.min(chain.minP, 1)) : -1e30,
      Math.max(chain.temperature, 1e-6),
    ],
    1,
  );
  if (penalties) {
    const { window, recent, repeat, frequency, presence } = penalties;
    words[4] = window;
    floats.set([repeat, frequency, presence], 5);
    const counts = new Uint32Array(vocabSize);
    for (const token of recent) counts[token]++;
    queue.writeBuffer(b.counts, 0, counts);
    const places = new Uint32Array(window).fill(NO_TOKEN);
    places.set(recent, window - recent.length);
    queue.writeBuffer(b.window, 0, places);
  }
  words[8] = chain.mask ? 1 : 0;
  queue.writeBuffer(b.chain, 0, words);
}

/** Puts the mask of the next token on the device; needed before each where the chain has masks. */
export function writeMask(queue: GPUQueue, b: SamplingBuffers, bits: Uint32Array<ArrayBuffer>): void {
  queue.writeBuffer(b.mask, 0, bits);
}

/** Puts the draws of token `n` and the next ones on the device; needed where n is a multiple of DRAWS. */
export function writeDraws(queue: GPUQueue, b: SamplingBuffers, chain: Chain, n: number): void {
  const draws = Float32Array.from({ length: DRAWS }, (_, i) => chain.draw(n + i));
  queue.writeBuffer(b.chain, HEADER_WORDS * 4, draws);
}
