/** What the header of a file decides about a model that makes vectors of texts: an encoder, or a decoder that is pooled. */
import type { Gguf } from '@tabllama/gguf';
import { decodeTexts, type TextOps, type TextOptions } from '@tabllama/kernels';
import {
  type DecoderWeights,
  type EncoderWeights,
  ModelError,
  type TransformerConfig,
} from './architecture.ts';
import { findArchitecture, findEncoder } from './architectures/index.ts';
import { type CheckedWeight, checkEncoderWeights, checkWeights, mapWeights } from './checked-weights.ts';
import { readPooling } from './encoder.ts';
import { nameOf, readRopeFactors } from './model.ts';

export interface EmbeddingModel {
  readonly config: TransformerConfig;
  readonly options: TextOptions;
  /** Every weight once. */
  readonly weights: readonly CheckedWeight[];
  /** Divisors of the rotary frequencies, [ropeDim/2], where the file has some. */
  readonly ropeFactors?: CheckedWeight;
  /** One pass → [texts, width]. `use` gives the backend's weight for one of the file. */
  forward<T, W>(ops: TextOps<T, W>, use: (weight: CheckedWeight) => W): T;
}

/** Leaves some of a model's weights out. */
export type Reduce = <F extends DecoderWeights<CheckedWeight> | EncoderWeights<CheckedWeight>>(
  weights: F,
) => F;

/** Reads and checks everything. Throws ModelError for what cannot be run, and for a model that says nothing of pooling. */
export function readEmbeddingModel(gguf: Gguf, reduce: Reduce = weights => weights): EmbeddingModel {
  const has = (name: string) => gguf.tensors.has(name);
  const encoder = findEncoder(gguf);
  if (encoder) {
    const config = encoder.config(gguf);
    const weights = reduce(checkEncoderWeights(gguf, config, encoder.weights(config, has)));
    return {
      config,
      options: readOptions(gguf, config, false),
      weights: everyWeight(use => mapWeights(weights, nameOf, use)),
      forward: (ops, use) => encoder.forward(ops, config, mapWeights(weights, nameOf, use)),
    };
  }
  const decoder = findArchitecture(gguf);
  const config = decoder.config(gguf);
  const specs = decoder.weights(config, has);
  // there are no logits, and so no matrix for them
  const weights = reduce(checkWeights(gguf, config, { ...specs, output: specs.tokenEmbd }));
  return {
    config,
    options: readOptions(gguf, config, true),
    weights: everyWeight(use => mapWeights(weights, nameOf, use)),
    ropeFactors: readRopeFactors(gguf, config),
    forward: (ops, use) => decoder.forward(decodeTexts(ops), config, mapWeights(weights, nameOf, use)),
  };
}

function readOptions(gguf: Gguf, { epsilon }: TransformerConfig, causalByNature: boolean): TextOptions {
  const pooling = readPooling(gguf);
  if (!pooling) throw new ModelError('the model has no pooling_type');
  const causal = gguf.metadata.get(`${gguf.metadata.get('general.architecture')}.attention.causal`);
  return { pooling, causal: typeof causal === 'boolean' ? causal : causalByNature, epsilon };
}

function everyWeight(map: (use: (weight: CheckedWeight) => void) => unknown): CheckedWeight[] {
  const all: CheckedWeight[] = [];
  map(weight => void all.push(weight));
  return all;
}
