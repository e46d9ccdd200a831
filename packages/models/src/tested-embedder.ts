/**
 * An embedder on the GPU by kernels that were tested on it: the first block of every combination of types, with the first rows of the
 * vocabulary, must make the vectors that the reference makes of it.
 */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import type { Device } from '@tabllama/kernels';
import type { Embedder } from './embedder.ts';
import { type EmbeddingModel, type Reduce, readEmbeddingModel } from './embedding-model.ts';
import { embedOnGpu } from './gpu-embedder.ts';
import type { GpuRunnerOptions } from './gpu-weights.ts';
import { embedByReference } from './reference-embedder.ts';
import { check, cut, testKernels, typesOf } from './self-test.ts';

const VOCABULARY = 256;
/** Lengths of the texts that are tried, in one pass. */
const LENGTHS = [3, 11];

/**
 * Tests the kernels, where that was not done on this device, and loads the model. Rejects with ModelError for what cannot be run, with
 * DeviceError for what does not fit or is computed wrongly here.
 */
export async function createGpuEmbedder(
  device: Device,
  gguf: Gguf,
  source: ByteSource,
  options: GpuRunnerOptions,
): Promise<Embedder> {
  const model = readEmbeddingModel(gguf);
  const { heads, kvHeads, headDim, ropeDim, ropeStyle } = model.config;
  const small = readEmbeddingModel(gguf, firstOfEachKind);
  const kinds = small.weights.map(weight => [weight.kind, typesOf(weight)]);
  const key = [heads, kvHeads, headDim, ropeDim, ropeStyle, kinds, options.contextLength];
  await testKernels(device, JSON.stringify(key), options.onProgress, () =>
    compare(device, small, source, options.contextLength),
  );
  return embedOnGpu(device, model, source, options);
}

const firstOfEachKind: Reduce = weights => {
  const kindOf = (block: object) =>
    JSON.stringify(Object.entries(block).map(([name, weight]) => [name, typesOf(weight)]));
  const kinds = new Map(weights.blocks.map(block => [kindOf(block), block] as const).reverse());
  const { tokenEmbd } = weights;
  return {
    ...weights,
    tokenEmbd: cut(tokenEmbd, Math.min(VOCABULARY, tokenEmbd.rows), tokenEmbd.cols),
    blocks: [...kinds.values()],
  };
};

async function compare(
  device: Device,
  small: EmbeddingModel,
  source: ByteSource,
  contextLength: number,
): Promise<boolean> {
  const rows = Math.min(VOCABULARY, small.config.vocabSize);
  const texts = LENGTHS.map(length =>
    Array.from({ length: Math.min(length, contextLength) }, (_, i) => (3 + 7 * i) % rows),
  );
  const reference = await embedByReference(small, source, contextLength);
  const expected = await reference.embed(texts);
  const embedder = await embedOnGpu(device, small, source, { contextLength });
  try {
    for (const [i, vector] of (await embedder.embed(texts)).entries()) {
      check('embedding', device, vector, expected[i]);
    }
  } finally {
    await embedder[Symbol.asyncDispose]();
  }
  return expected.every(vector => vector.some(value => value !== 0));
}
