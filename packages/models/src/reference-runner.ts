/** A model on the reference ops: float64, no GPU, slow. The measure of every other runner. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import {
  createReferenceOps,
  createReferenceSampler,
  type ReferenceCache,
  type ReferenceWeight,
} from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { everyWeight, type Model, readModel, readRopeTable, readWeight, replaceWeights } from './model.ts';
import type { Runner } from './runner.ts';

/** Loads the whole model into memory as float32. Throws ModelError for what cannot be run. */
export const createReferenceRunner = (
  gguf: Gguf,
  source: ByteSource,
  options: { readonly contextLength: number },
): Promise<Runner> => runReference(readModel(gguf), source, options.contextLength);

/** The same for a model whose header is read. */
export async function runReference(model: Model, source: ByteSource, contextLength: number): Promise<Runner> {
  const { config, forward } = model;
  const loaded = new Map<CheckedWeight, ReferenceWeight>();
  for (const weight of everyWeight(model)) {
    const { rows, cols } = weight;
    loaded.set(weight, { rows, cols, data: await readWeight(source, weight) });
  }
  const ready = replaceWeights(model, weight => loaded.get(weight)!);
  const table = await readRopeTable(model, source, contextLength);
  const caches: ReferenceCache[] = ready.blocks.map(() => ({ k: [], v: [] }));
  let logits = new Float32Array(config.vocabSize);

  const run = (tokens: readonly number[], position: number) => {
    if (position + tokens.length > contextLength) throw new RangeError('beyond the KV cache');
    const ops = createReferenceOps({ tokens, position }, caches, table, config.epsilon);
    logits = Float32Array.from(forward(ops, config, ready));
    return logits;
  };
  return {
    vocabSize: config.vocabSize,
    contextLength,
    bytes: 0,
    lost: new Promise(() => {}),
    async prefill(tokens, position, signal) {
      const tile = 32;
      for (let i = 0; i < tokens.length; i += tile) {
        if (signal?.aborted) return i;
        run(tokens.slice(i, i + tile), position + i);
      }
      return tokens.length;
    },
    logits: async () => logits,
    decode: async (token, position) => run([token], position),
    async *sample(position, chain) {
      const choose = createReferenceSampler(chain);
      let mask = chain.mask?.();
      for (let at = position; mask || !chain.mask; at++) {
        const token = choose(logits, mask);
        mask = chain.mask?.(token);
        yield token;
        if (at >= contextLength) return;
        run([token], at);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}
