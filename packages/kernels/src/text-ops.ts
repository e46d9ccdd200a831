/**
 * The ops of an embedder: whole texts go through the model, several in one batch, and a vector comes out for each. There is no cache and
 * no next token. An encoder's `forward` calls them directly, a decoder's through `decodeTexts`.
 */
import type { AttentionShape, Ops } from './ops.ts';

/** How the vectors of a text's tokens become one: their mean, the first, or the last. */
export type Pooling = 'mean' | 'cls' | 'last';

export interface TextBatch {
  /** Tokens of all texts, one text after the other. */
  readonly tokens: readonly number[];
  /** Of each text, its first token and the one after its last, ascending and without gaps. */
  readonly texts: readonly (readonly [start: number, end: number])[];
}

export interface TextOptions {
  readonly pooling: Pooling;
  /** A token attends to none of those after it. */
  readonly causal: boolean;
  /** Epsilon of the norms. */
  readonly epsilon: number;
}

/** Where a result takes the place of its input, the input is not to be used again: `layerNorm` and `residual` of x. */
export interface TextOps<T, W> {
  /** Rows of the table [vocab, width] for every token, and of those of positions and of token type 0 where a model has them → [n, width]. */
  embed(tokens: W, more?: { readonly positions?: W; readonly types?: W }): T;
  /** Every row less its mean, divided by its standard deviation, · gain + bias. */
  layerNorm(x: T, gain: W, bias: W): T;
  /** Every row divided by its root mean square, · gain. */
  rmsNorm(x: T, gain: W): T;
  /** x·wᵀ + bias → [n, rows]. */
  project(x: T, weight: W, bias?: W): T;
  /**
   * Rotates queries and keys by their places in their texts (where `ropeDim` is not 0), and attends within each text.
   * @param qkv [n, (heads + 2·kvHeads)·headDim]: all queries, then keys, then values
   * @param gains RMS norms [headDim] of every query and key head before rotation (Qwen 3)
   * @returns [n, heads·headDim]
   */
  attention(qkv: T, shape: AttentionShape, gains?: { readonly q: W; readonly k: W }): T;
  /** x + y·wᵀ + bias. */
  residual(x: T, y: T, weight: W, bias?: W): T;
  /** gelu(x·wᵀ + bias), by the tangent formula (arXiv 1606.08415) → [n, rows]. */
  gelu(x: T, weight: W, bias?: W): T;
  /** silu(x·gateᵀ) ∘ (x·upᵀ); `gateUp` is both matrices stacked, gate first → [n, rows/2]. */
  glu(x: T, gateUp: W): T;
  /** → [texts, width]. */
  pool(x: T): T;
}

/** The ops of a decoder over whole texts: in the place of logits, what it would make them of is pooled. */
export function decodeTexts<T, W>(ops: TextOps<T, W>): Ops<T, W> {
  return {
    embed: (table, norm) => ({ x: ops.embed(table), norm }),
    project: ({ x, norm }, weight, bias) => ops.project(ops.rmsNorm(x, norm), weight, bias),
    attention: (qkv, _, shape, gains) => ops.attention(qkv, shape, gains),
    residual: ({ x }, y, weight, norm) => ({ x: ops.residual(x, y, weight), norm }),
    glu: ({ x, norm }, gateUp) => ops.glu(ops.rmsNorm(x, norm), gateUp),
    logits: ({ x, norm }) => ops.pool(ops.rmsNorm(x, norm)),
  };
}
