/** Qwen 2 and 2.5 (arXiv 2407.10671): as llama, with biases on queries, keys and values, and rotation of halves. */
import type { Architecture } from '../architecture.ts';
import { decoderWeights, vector } from '../decoder.ts';
import { readDecoderConfig } from '../header.ts';

export const qwen2: Architecture = {
  name: 'qwen2',
  config: gguf => readDecoderConfig(gguf, 'qwen2', 'neox'),
  weights: (config, has) =>
    decoderWeights(config, has, block => ({
      attnQkvBias: vector(`${block}attn_q.bias`, `${block}attn_k.bias`, `${block}attn_v.bias`),
    })),
  forward(ops, config, weights) {
    const { blocks } = weights;
    let stream = ops.embed(weights.tokenEmbd, blocks[0].attnNorm); //          [n, width]
    for (const [layer, block] of blocks.entries()) {
      const qkv = ops.project(stream, block.attnQkv, block.attnQkvBias); //    [n, q + k + v]
      const mixed = ops.attention(qkv, layer, config); //                      [n, heads · headDim]
      stream = ops.residual(stream, mixed, block.attnOutput, block.ffnNorm); // [n, width]
      const hidden = ops.glu(stream, block.ffnGateUp); //                      [n, feedForward]
      const next = blocks[layer + 1]?.attnNorm ?? weights.outputNorm;
      stream = ops.residual(stream, hidden, block.ffnDown, next); //           [n, width]
    }
    return ops.logits(stream, weights.output); //                              [vocab]
  },
};
