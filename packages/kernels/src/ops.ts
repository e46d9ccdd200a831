/**
 * The ops of a decoder, as an architecture's `forward` calls them: one op a line, and one dispatch each when a single token is
 * decoded. `T` is a tensor of activations and `W` a weight of the backend: buffers on the GPU, arrays in the reference.
 */

/**
 * The residual stream x [n, width] together with the gain of the RMS norm through which the next op will read it. The two travel
 * together because W·(x·g·r) = r·(W·(x·g)) with r = 1/rms(x): whoever makes x also scales it, and norms cost no dispatch.
 */
export interface Stream<T, W> {
  readonly x: T;
  readonly norm: W;
}

/** What attention needs to know of a layer. */
export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  /** Width of a head; queries, keys and values have the same. */
  readonly headDim: number;
  /** Leading dimensions of a head that rotate, even. */
  readonly ropeDim: number;
  /** `norm`: neighbours (2i, 2i+1) rotate together; `neox`: i and i + ropeDim/2. */
  readonly ropeStyle: 'norm' | 'neox';
  /** Factor of the scores, usually 1/√headDim. */
  readonly scale: number;
  /** Epsilon of the RMS norms of queries and keys, where there are any. */
  readonly epsilon: number;
}

export interface Ops<T, W> {
  /** Rows of the embedding table [vocab, width] for the tokens of the batch → stream [n, width]. */
  embed(table: W, norm: W): Stream<T, W>;
  /** norm(x)·wᵀ + bias → [n, rows]. */
  project(stream: Stream<T, W>, weight: W, bias?: W): T;
  /**
   * Rotates queries and keys, stores keys and values of the batch in the cache of `layer`, and attends causally.
   * @param qkv [n, (heads + 2·kvHeads)·headDim]: all queries, then keys, then values
   * @param gains RMS norms [headDim] of every query and key head before rotation (Qwen 3)
   * @returns [n, heads·headDim]
   */
  attention(qkv: T, layer: number, shape: AttentionShape, gains?: { readonly q: W; readonly k: W }): T;
  /** x + y·wᵀ, to be read through `norm` next. */
  residual(stream: Stream<T, W>, y: T, weight: W, norm: W): Stream<T, W>;
  /** silu(norm(x)·gateᵀ) ∘ (norm(x)·upᵀ); `gateUp` is both matrices stacked, gate first → [n, rows/2]. */
  glu(stream: Stream<T, W>, gateUp: W): T;
  /** norm(x)·wᵀ of the last row of the batch → [vocab]. */
  logits(stream: Stream<T, W>, weight: W): T;
}
