/** Names of the weights that every decoder of this kind has. What an architecture adds is written in its own file. */
import type { DecoderBlock, DecoderWeights, TransformerConfig, WeightSpec } from './architecture.ts';

export const matrix = (...names: string[]): WeightSpec => ({ kind: 'matrix', names });
export const pair = (...names: string[]): WeightSpec => ({ kind: 'pair', names });
export const vector = (...names: string[]): WeightSpec => ({ kind: 'vector', names });

/** @param extra weights of block `blk.N.` beyond the common ones */
export function decoderWeights(
  config: TransformerConfig,
  has: (name: string) => boolean,
  extra: (block: string) => Partial<DecoderBlock<WeightSpec>> = () => ({}),
): DecoderWeights<WeightSpec> {
  return {
    tokenEmbd: matrix('token_embd.weight'),
    blocks: Array.from({ length: config.blockCount }, (_, i) => {
      const block = `blk.${i}.`;
      return {
        attnNorm: vector(`${block}attn_norm.weight`),
        attnQkv: matrix(`${block}attn_q.weight`, `${block}attn_k.weight`, `${block}attn_v.weight`),
        attnOutput: matrix(`${block}attn_output.weight`),
        ffnNorm: vector(`${block}ffn_norm.weight`),
        ffnGateUp: pair(`${block}ffn_gate.weight`, `${block}ffn_up.weight`),
        ffnDown: matrix(`${block}ffn_down.weight`),
        ...extra(block),
      };
    }),
    outputNorm: vector('output_norm.weight'),
    // models with tied embeddings have no matrix of their own for the output
    output: matrix(has('output.weight') ? 'output.weight' : 'token_embd.weight'),
  };
}
