/** Qwen 3, dense (arXiv 2505.09388): as qwen2, but every query and key head is normed before it is rotated, and no biases. */
import type { Architecture } from '../architecture.ts';
import { decoderWeights, vector } from '../decoder.ts';
import { readDecoderConfig } from '../header.ts';

export const qwen3: Architecture = {
  name: 'qwen3',
  config: gguf => readDecoderConfig(gguf, 'qwen3', 'neox'),
  weights: (config, has) =>
    decoderWeights(config, has, block => ({
      attnQNorm: vector(`${block}attn_q_norm.weight`),
      attnKNorm: vector(`${block}attn_k_norm.weight`),
    })),
  forward(ops, config, weights) {
    const { blocks } = weights;
    let stream = ops.embed(weights.tokenEmbd, blocks[0].attnNorm); //          [n, width]
    for (const [layer, block] of blocks.entries()) {
      const qkv = ops.project(stream, block.attnQkv); //                       [n, q + k + v]
      const gains = { q: block.attnQNorm!, k: block.attnKNorm! };
      const mixed = ops.attention(qkv, layer, config, gains); //               [n, heads · headDim]
      stream = ops.residual(stream, mixed, block.attnOutput, block.ffnNorm); // [n, width]
      const hidden = ops.glu(stream, block.ffnGateUp); //                      [n, feedForward]
      const next = blocks[layer + 1]?.attnNorm ?? weights.outputNorm;
      stream = ops.residual(stream, hidden, block.ffnDown, next); //           [n, width]
    }
    return ops.logits(stream, weights.output); //                              [vocab]
  },
};
