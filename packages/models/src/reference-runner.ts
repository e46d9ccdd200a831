/** A model on the reference ops: float64, no GPU, slow. The measure of every other runner. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import { createReferenceOps, type ReferenceCache, type ReferenceWeight } from '@tabllama/kernels';
import { findQuantType } from '@tabllama/quants';
import { findArchitecture } from './architectures/index.ts';
import { type CheckedWeight, checkWeights, mapWeights } from './checked-weights.ts';
import { ropeTable } from './rope.ts';
import type { Runner } from './runner.ts';

/** All weights of a tensor, dequantized. */
export async function readTensor(
  gguf: Gguf,
  weights: ByteSource,
  name: string,
): Promise<Float32Array | undefined> {
  const tensor = gguf.tensors.get(name);
  if (!tensor) return undefined;
  const out = new Float32Array(tensor.shape.reduce((a, b) => a * b, 1));
  findQuantType(tensor.type)!.dequantize(await weights.read(tensor.offset, tensor.bytes), out);
  return out;
}

/** Loads the whole model into memory as float32. Throws ModelError for what cannot be run. */
export async function createReferenceRunner(
  gguf: Gguf,
  weights: ByteSource,
  options: { readonly contextLength: number },
): Promise<Runner> {
  const architecture = findArchitecture(gguf);
  const config = architecture.config(gguf);
  const checked = checkWeights(
    gguf,
    config,
    architecture.weights(config, name => gguf.tensors.has(name)),
  );
  const load = async ({ rows, cols, parts }: CheckedWeight): Promise<ReferenceWeight> => {
    const data = new Float32Array(rows * cols);
    let at = 0;
    for (const part of parts) {
      const values = (await readTensor(gguf, weights, part.tensor.name))!;
      data.set(values, at);
      at += values.length;
    }
    return { rows, cols, data };
  };
  const pending: Promise<unknown>[] = [];
  const loaded = new Map<CheckedWeight, ReferenceWeight>();
  mapWeights(
    checked,
    weight => weight.parts.map(part => part.tensor.name).join(),
    weight => pending.push(load(weight).then(value => loaded.set(weight, value))),
  );
  await Promise.all(pending);
  const ready = mapWeights(
    checked,
    weight => weight.parts.map(part => part.tensor.name).join(),
    weight => loaded.get(weight)!,
  );
  const table = ropeTable(
    config,
    options.contextLength,
    await readTensor(gguf, weights, 'rope_freqs.weight'),
  );
  const caches: ReferenceCache[] = ready.blocks.map(() => ({ k: [], v: [] }));
  let logits = new Float32Array(config.vocabSize);

  const run = (tokens: readonly number[], position: number) => {
    if (position + tokens.length > options.contextLength) throw new RangeError('beyond the KV cache');
    const ops = createReferenceOps({ tokens, position }, caches, table, config.epsilon);
    logits = Float32Array.from(architecture.forward(ops, config, ready));
    return logits;
  };
  return {
    vocabSize: config.vocabSize,
    contextLength: options.contextLength,
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
    async *greedy(position) {
      for (let at = position; ; at++) {
        const token = logits.reduce((best, value, id) => (value > logits[best] ? id : best), 0);
        yield token;
        if (at >= options.contextLength) return;
        run([token], at);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}
