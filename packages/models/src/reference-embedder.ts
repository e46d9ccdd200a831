/** An embedder on the reference ops: float64, no GPU, slow. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import { createReferenceTextOps, type ReferenceWeight } from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { type Embedder, packTexts } from './embedder.ts';
import { type EmbeddingModel, readEmbeddingModel } from './embedding-model.ts';
import { readRopeTable, readWeight } from './model.ts';

/** Loads the whole model into memory as float32. Throws ModelError for what cannot be run. */
export const createReferenceEmbedder = (
  gguf: Gguf,
  source: ByteSource,
  options: { readonly contextLength: number },
): Promise<Embedder> => embedByReference(readEmbeddingModel(gguf), source, options.contextLength);

/** The same for a model whose header is read. */
export async function embedByReference(
  model: EmbeddingModel,
  source: ByteSource,
  contextLength: number,
): Promise<Embedder> {
  const { config, options, forward } = model;
  const loaded = new Map<CheckedWeight, ReferenceWeight>();
  for (const weight of model.weights) {
    const { rows, cols } = weight;
    loaded.set(weight, { rows, cols, data: await readWeight(source, weight) });
  }
  const table = await readRopeTable(model, source, contextLength);
  return {
    vocabSize: config.vocabSize,
    contextLength,
    bytes: 0,
    lost: new Promise(() => {}),
    async embed(texts, signal) {
      const vectors: Float32Array<ArrayBuffer>[] = [];
      for (const batch of packTexts(texts, contextLength, contextLength)) {
        signal?.throwIfAborted();
        const all = forward(createReferenceTextOps(batch, options, table), weight => loaded.get(weight)!);
        const width = all.length / batch.texts.length;
        for (let at = 0; at < all.length; at += width)
          vectors.push(Float32Array.from(all.subarray(at, at + width)));
      }
      return vectors;
    },
    async [Symbol.asyncDispose]() {},
  };
}
