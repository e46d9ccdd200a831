/** Llama 2 and 3, Mistral 7B, SmolLM 1 and 2 (arXiv 2307.09288): RMS norms, grouped queries, rotary neighbours, SwiGLU. */
import type { Architecture } from '../architecture.ts';
import { decoderWeights } from '../decoder.ts';
import { readDecoderConfig } from '../header.ts';

export const llama: Architecture = {
  name: 'llama',
  config: gguf => readDecoderConfig(gguf, 'llama', 'norm'),
  weights: (config, has) => decoderWeights(config, has),
  forward(ops, config, weights) {
    const { blocks } = weights;
    let stream = ops.embed(weights.tokenEmbd, blocks[0].attnNorm); //          [n, width]
    for (const [layer, block] of blocks.entries()) {
      const qkv = ops.project(stream, block.attnQkv); //                       [n, q + k + v]
      const mixed = ops.attention(qkv, layer, config); //                      [n, heads · headDim]
      stream = ops.residual(stream, mixed, block.attnOutput, block.ffnNorm); // [n, width]
      const hidden = ops.glu(stream, block.ffnGateUp); //                      [n, feedForward]
      const next = blocks[layer + 1]?.attnNorm ?? weights.outputNorm;
      stream = ops.residual(stream, hidden, block.ffnDown, next); //           [n, width]
    }
    return ops.logits(stream, weights.output); //                              [vocab]
  },
};
