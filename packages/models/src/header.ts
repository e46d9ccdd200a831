/** Reading a decoder's numbers out of GGUF metadata, with bounds: a header is a stranger's word. Keys: ggml's docs/gguf.md. */
import type { Gguf } from '@tabllama/gguf';
import { ModelError, type TransformerConfig } from './architecture.ts';

/** A number in [min, max] under `key`; `fallback` where the key is missing, an error where there is none. */
export function readNumber(gguf: Gguf, key: string, min: number, max: number, fallback?: number): number {
  const value = gguf.metadata.get(key) ?? fallback;
  if (value === undefined) throw new ModelError(`the model has no ${key}`);
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ModelError(`${key} is ${String(value)}, expected a number from ${min} to ${max}`);
  }
  return value;
}

export const readInteger = (gguf: Gguf, key: string, min: number, max: number, fallback?: number): number => {
  const value = readNumber(gguf, key, min, max, fallback);
  if (!Number.isInteger(value)) throw new ModelError(`${key} is ${value}, expected an integer`);
  return value;
};

/** The keys that llama, qwen2 and qwen3 share. */
export function readDecoderConfig(gguf: Gguf, arch: string, ropeStyle: 'norm' | 'neox'): TransformerConfig {
  const embeddingLength = readInteger(gguf, `${arch}.embedding_length`, 1, 65536);
  const feedForwardLength = readInteger(gguf, `${arch}.feed_forward_length`, 1, 2 ** 20);
  if (embeddingLength % 4 !== 0 || feedForwardLength % 4 !== 0) {
    throw new ModelError(`widths ${embeddingLength} and ${feedForwardLength} are no multiples of 4`);
  }
  const heads = readInteger(gguf, `${arch}.attention.head_count`, 1, 1024);
  const kvHeads = readInteger(gguf, `${arch}.attention.head_count_kv`, 1, 1024, heads);
  const headDim = readInteger(gguf, `${arch}.attention.key_length`, 2, 1024, embeddingLength / heads);
  const valueDim = readInteger(gguf, `${arch}.attention.value_length`, 2, 1024, headDim);
  const ropeDim = readInteger(gguf, `${arch}.rope.dimension_count`, 2, headDim, headDim);
  if (heads % kvHeads !== 0) {
    throw new ModelError(`${arch}.attention.head_count ${heads} is no multiple of head_count_kv ${kvHeads}`);
  }
  if (valueDim !== headDim) {
    throw new ModelError(`${arch}.attention.value_length ${valueDim} differs from key_length ${headDim}`);
  }
  if (ropeDim % 2 !== 0 || headDim % 4 !== 0) {
    throw new ModelError(`heads of ${headDim} with ${ropeDim} rotating dimensions cannot be run`);
  }
  for (const key of ['expert_count', 'attention.sliding_window']) {
    if (readNumber(gguf, `${arch}.${key}`, 0, 2 ** 32, 0) > 0)
      throw new ModelError(`${arch}.${key} is not supported`);
  }
  return {
    blockCount: readInteger(gguf, `${arch}.block_count`, 1, 1024),
    embeddingLength,
    feedForwardLength,
    vocabSize: readVocabSize(gguf),
    contextLength: readInteger(gguf, `${arch}.context_length`, 1, 2 ** 31),
    heads,
    kvHeads,
    headDim,
    ropeDim,
    ropeStyle,
    scale: 1 / Math.sqrt(headDim),
    epsilon: readNumber(gguf, `${arch}.attention.layer_norm_rms_epsilon`, 0, 1),
    ropeBase: readNumber(gguf, `${arch}.rope.freq_base`, 1, 1e12, 10000),
    ropeScale: readRopeScale(gguf, arch),
  };
}

export function readVocabSize(gguf: Gguf): number {
  const table = gguf.tensors.get('token_embd.weight');
  if (!table) throw new ModelError('the model has no tensor token_embd.weight');
  return table.shape[1];
}

function readRopeScale(gguf: Gguf, arch: string): number {
  const type = gguf.metadata.get(`${arch}.rope.scaling.type`) ?? 'none';
  if (type === 'none') return 1;
  if (type !== 'linear') throw new ModelError(`${arch}.rope.scaling.type ${String(type)} is not supported`);
  return 1 / readNumber(gguf, `${arch}.rope.scaling.factor`, 1e-3, 1e6, 1);
}
