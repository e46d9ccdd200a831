/** BERT and its kin, such as MiniLM, BGE and E5 (arXiv 1810.04805): learned positions, norms after every step, biases, GELU. */
import type { EncoderArchitecture } from '../architecture.ts';
import { encoderWeights, readEncoderConfig } from '../encoder.ts';

export const bert: EncoderArchitecture = {
  name: 'bert',
  config: gguf => readEncoderConfig(gguf, 'bert', false),
  weights: (config, has) => encoderWeights(config, has, false),
  forward(ops, config, w) {
    let x = ops.embed(w.tokenEmbd, { positions: w.positionEmbd, types: w.tokenTypes }); // [n, width]
    x = ops.layerNorm(x, w.tokenEmbdNorm, w.tokenEmbdNormBias);
    for (const block of w.blocks) {
      const qkv = ops.project(x, block.attnQkv, block.attnQkvBias); //                     [n, q + k + v]
      const mixed = ops.attention(qkv, config); //                                         [n, heads · headDim]
      x = ops.residual(x, mixed, block.attnOutput, block.attnOutputBias); //               [n, width]
      x = ops.layerNorm(x, block.attnOutputNorm, block.attnOutputNormBias);
      const hidden = ops.gelu(x, block.ffnUp, block.ffnUpBias); //                         [n, feedForward]
      x = ops.residual(x, hidden, block.ffnDown, block.ffnDownBias); //                    [n, width]
      x = ops.layerNorm(x, block.layerOutputNorm, block.layerOutputNormBias);
    }
    return ops.pool(x); //                                                                 [texts, width]
  },
};
