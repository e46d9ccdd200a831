/** What one file of `architectures/` exports: how a GGUF header becomes a config, which weights there are, and the forward pass. */
import type { Gguf } from '@tabllama/gguf';
import type { AttentionShape, Ops, TextOps } from '@tabllama/kernels';

/** A weight by the names of its tensors: several are stacked row upon row into one. A pair is read two rows at a time. */
export interface WeightSpec {
  readonly kind: 'matrix' | 'pair' | 'vector';
  readonly names: readonly string[];
}

/** Numbers of a model that has attention and a feed-forward in every block. */
export interface TransformerConfig extends AttentionShape {
  readonly blockCount: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabSize: number;
  /** Context that the model was trained with, in tokens. */
  readonly contextLength: number;
  readonly ropeBase: number;
  /** Factor of the positions (linear scaling), 1 for none. */
  readonly ropeScale: number;
}

export interface DecoderBlock<W> {
  readonly attnNorm: W;
  readonly attnQkv: W;
  readonly attnQkvBias?: W;
  readonly attnQNorm?: W;
  readonly attnKNorm?: W;
  readonly attnOutput: W;
  readonly ffnNorm: W;
  readonly ffnGateUp: W;
  readonly ffnDown: W;
}

export interface DecoderWeights<W> {
  readonly tokenEmbd: W;
  readonly blocks: readonly DecoderBlock<W>[];
  readonly outputNorm: W;
  readonly output: W;
}

export interface EncoderBlock<W> {
  readonly attnQkv: W;
  readonly attnQkvBias?: W;
  readonly attnOutput: W;
  readonly attnOutputBias?: W;
  readonly attnOutputNorm: W;
  readonly attnOutputNormBias: W;
  /** Up alone, or gate and up. */
  readonly ffnUp: W;
  readonly ffnUpBias?: W;
  readonly ffnDown: W;
  readonly ffnDownBias?: W;
  readonly layerOutputNorm: W;
  readonly layerOutputNormBias: W;
}

export interface EncoderWeights<W> {
  readonly tokenEmbd: W;
  readonly tokenTypes?: W;
  readonly positionEmbd?: W;
  readonly tokenEmbdNorm: W;
  readonly tokenEmbdNormBias: W;
  readonly blocks: readonly EncoderBlock<W>[];
}

/** A model that generates text. */
export interface Architecture {
  /** `general.architecture` of the files that it runs. */
  readonly name: string;
  /** Reads and checks the header. Throws ModelError that names the key. */
  config(gguf: Gguf): TransformerConfig;
  /** @param has whether the file holds a tensor of that name */
  weights(config: TransformerConfig, has: (name: string) => boolean): DecoderWeights<WeightSpec>;
  /** One pass over the batch that `ops` was made for → logits [vocab] of its last token. */
  forward<T, W>(ops: Ops<T, W>, config: TransformerConfig, weights: DecoderWeights<W>): T;
}

/** A model that makes vectors of texts, and nothing else. */
export interface EncoderArchitecture {
  readonly name: string;
  config(gguf: Gguf): TransformerConfig;
  weights(config: TransformerConfig, has: (name: string) => boolean): EncoderWeights<WeightSpec>;
  /** One pass over the texts that `ops` was made for → [texts, width]. */
  forward<T, W>(ops: TextOps<T, W>, config: TransformerConfig, weights: EncoderWeights<W>): T;
}

/** The file is a sound GGUF, but not a model that can be run. The message names the key or tensor, and the value. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
}
