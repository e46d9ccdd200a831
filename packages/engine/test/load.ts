/** Models on the reference ops, loaded as the server loads them. */
import type { Delta, Derived, LoadOptions, ModelInfo, SamplingOptions } from '@tabllama/api';
import type { ByteSource, Gguf } from '@tabllama/gguf';
import {
  createReferenceEmbedder,
  createReferenceRunner,
  findArchitecture,
  type Runner,
  readPooling,
} from '@tabllama/models';
import { createEngine } from '../src/index.ts';

/** @param change what to put around the runner */
export const createReferenceEngine = (change = (runner: Runner) => runner, derived?: Derived) =>
  createEngine({
    derived,
    openRunner: async (gguf, weights, options) => change(await createReferenceRunner(gguf, weights, options)),
    openEmbedder: createReferenceEmbedder,
    estimate(gguf, { contextLength }) {
      if (readPooling(gguf)) return { device: 0, kvCache: 0 };
      const { blockCount, kvHeads, headDim } = findArchitecture(gguf).config(gguf);
      const kvCache = blockCount * contextLength * kvHeads * headDim * 2 * 8;
      return { device: kvCache, kvCache };
    },
  });

export const load = (
  file: { readonly gguf: Gguf; readonly weights: ByteSource },
  options: Partial<LoadOptions> & {
    readonly template?: string;
    readonly config?: ModelInfo['config'];
    readonly change?: (runner: Runner) => Runner;
    readonly derived?: Derived;
  } = {},
) => {
  const { contextLength = 128, template, config, change, derived } = options;
  const info = { name: 'tiny', digest: `sha256:${'0'.repeat(64)}`, template, config, ...file };
  return createReferenceEngine(change, derived).load(info, { contextLength });
};

/** Greedy, 24 tokens, all filters off. */
export const greedy: SamplingOptions = {
  numPredict: 24,
  numKeep: 4,
  seed: 0,
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  typicalP: 1,
  repeatLastN: 64,
  repeatPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  stop: [],
};

/** All deltas of an answer, its text and its last delta. */
export async function collect(answer: AsyncIterable<Delta>) {
  const deltas: Delta[] = [];
  for await (const delta of answer) deltas.push(delta);
  const last = deltas.at(-1)!;
  return {
    deltas,
    content: deltas.map(({ content = '' }) => content).join(''),
    thinking: deltas.map(({ thinking = '' }) => thinking).join(''),
    logprobs: deltas.flatMap(({ logprobs = [] }) => logprobs),
    done: last.done,
    stats: last.stats!,
  };
}
