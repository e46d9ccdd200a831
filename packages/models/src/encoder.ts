/** What the encoders share: their numbers in the header, how a text's vector is pooled, and the names of their weights. */
import type { Gguf } from '@tabllama/gguf';
import type { Pooling } from '@tabllama/kernels';
import { type EncoderWeights, ModelError, type TransformerConfig, type WeightSpec } from './architecture.ts';
import { matrix, pair, vector } from './decoder.ts';
import { readInteger, readNumber, readVocabSize } from './header.ts';

/** The keys that bert and nomic-bert share. `rotates`: places are told by rotating halves of the heads. */
export function readEncoderConfig(gguf: Gguf, arch: string, rotates: boolean): TransformerConfig {
  const embeddingLength = readInteger(gguf, `${arch}.embedding_length`, 1, 65536);
  const feedForwardLength = readInteger(gguf, `${arch}.feed_forward_length`, 1, 2 ** 20);
  const heads = readInteger(gguf, `${arch}.attention.head_count`, 1, 1024);
  const headDim = embeddingLength / heads;
  if (feedForwardLength % 4 !== 0 || headDim % 4 !== 0) {
    throw new ModelError(`heads of ${headDim} or a feed-forward of ${feedForwardLength} cannot be run`);
  }
  if (readNumber(gguf, `${arch}.expert_count`, 0, 2 ** 32, 0) > 0)
    throw new ModelError(`${arch}.expert_count is not supported`);
  return {
    blockCount: readInteger(gguf, `${arch}.block_count`, 1, 1024),
    embeddingLength,
    feedForwardLength,
    vocabSize: readVocabSize(gguf),
    contextLength: readInteger(gguf, `${arch}.context_length`, 1, 2 ** 31),
    heads,
    kvHeads: heads,
    headDim,
    ropeDim: rotates ? headDim : 0,
    ropeStyle: 'neox',
    scale: 1 / Math.sqrt(headDim),
    epsilon: readNumber(gguf, `${arch}.attention.layer_norm_epsilon`, 0, 1),
    ropeBase: readNumber(gguf, `${arch}.rope.freq_base`, 1, 1e12, 10000),
    ropeScale: 1,
  };
}

/** `<arch>.pooling_type` by llama.cpp's number: 0 is none, and 4 ranks pairs of texts. */
const poolings: Readonly<Record<number, Pooling>> = { 1: 'mean', 2: 'cls', 3: 'last' };

/** How a file says that its vectors are made, or undefined where it does not: then it is no embedding model. Throws ModelError. */
export function readPooling(gguf: Gguf): Pooling | undefined {
  const key = `${gguf.metadata.get('general.architecture')}.pooling_type`;
  const value = gguf.metadata.get(key);
  if (value === undefined) return undefined;
  const pooling = poolings[Number(value)];
  if (!pooling) throw new ModelError(`${key} ${String(value)} is not supported`);
  return pooling;
}

/**
 * Weights by the names of their tensors; biases and the tables beside the tokens' are there where the file has them.
 * @param gated the feed-forward has a gate beside its way up
 */
export function encoderWeights(
  { blockCount }: TransformerConfig,
  has: (name: string) => boolean,
  gated: boolean,
): EncoderWeights<WeightSpec> {
  const optional = (key: string, ...names: string[]) => (has(names[0]) ? { [key]: vector(...names) } : {});
  return {
    tokenEmbd: matrix('token_embd.weight'),
    ...(has('token_types.weight') && { tokenTypes: matrix('token_types.weight') }),
    ...(has('position_embd.weight') && { positionEmbd: matrix('position_embd.weight') }),
    tokenEmbdNorm: vector('token_embd_norm.weight'),
    tokenEmbdNormBias: vector('token_embd_norm.bias'),
    blocks: Array.from({ length: blockCount }, (_, i) => {
      const block = `blk.${i}.`;
      const qkv = has(`${block}attn_qkv.weight`) ? ['attn_qkv'] : ['attn_q', 'attn_k', 'attn_v'];
      const up = `${block}ffn_up.weight`;
      return {
        attnQkv: matrix(...qkv.map(name => `${block}${name}.weight`)),
        ...optional('attnQkvBias', ...qkv.map(name => `${block}${name}.bias`)),
        attnOutput: matrix(`${block}attn_output.weight`),
        ...optional('attnOutputBias', `${block}attn_output.bias`),
        attnOutputNorm: vector(`${block}attn_output_norm.weight`),
        attnOutputNormBias: vector(`${block}attn_output_norm.bias`),
        ffnUp: gated ? pair(`${block}ffn_gate.weight`, up) : matrix(up),
        ...optional('ffnUpBias', `${block}ffn_up.bias`),
        ffnDown: matrix(`${block}ffn_down.weight`),
        ...optional('ffnDownBias', `${block}ffn_down.bias`),
        layerOutputNorm: vector(`${block}layer_output_norm.weight`),
        layerOutputNormBias: vector(`${block}layer_output_norm.bias`),
      };
    }),
  };
}
