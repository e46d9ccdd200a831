/** nomic-embed-text (arXiv 2402.01613): as bert, but queries and keys are rotated, no biases, and a gated feed-forward. */
import type { EncoderArchitecture } from '../architecture.ts';
import { encoderWeights, readEncoderConfig } from '../encoder.ts';

export const nomicBert: EncoderArchitecture = {
  name: 'nomic-bert',
  config: gguf => readEncoderConfig(gguf, 'nomic-bert', true),
  weights: (config, has) => encoderWeights(config, has, true),
  forward(ops, config, w) {
    let x = ops.embed(w.tokenEmbd, { types: w.tokenTypes }); //              [n, width]
    x = ops.layerNorm(x, w.tokenEmbdNorm, w.tokenEmbdNormBias);
    for (const block of w.blocks) {
      const qkv = ops.project(x, block.attnQkv, block.attnQkvBias); //       [n, q + k + v]
      const mixed = ops.attention(qkv, config); //                           [n, heads · headDim]
      x = ops.residual(x, mixed, block.attnOutput, block.attnOutputBias); // [n, width]
      x = ops.layerNorm(x, block.attnOutputNorm, block.attnOutputNormBias);
      const hidden = ops.glu(x, block.ffnUp); //                             [n, feedForward]
      x = ops.residual(x, hidden, block.ffnDown, block.ffnDownBias); //      [n, width]
      x = ops.layerNorm(x, block.layerOutputNorm, block.layerOutputNormBias);
    }
    return ops.pool(x); //                                                   [texts, width]
  },
};
