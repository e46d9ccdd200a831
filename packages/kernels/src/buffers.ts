/** The buffers of one model but for its weights: what is in them, and their sizes from the shape alone. */
import type { Layout } from './device.ts';
import type { AttentionShape } from './ops.ts';
import { samplingBytes } from './sampling.ts';
import { pad32 } from './weight-layout.ts';

/** Numbers that size the buffers. All widths are multiples of four. */
export interface ModelShape extends AttentionShape {
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabSize: number;
  readonly blockCount: number;
  /** How keys and values are kept. */
  readonly cache: 'f16' | 'f32';
}

/** Columns that a uniform block holds on every device: where a matvec's input may be one, its buffer has at least so many. */
export const UNIFORM_COLS = 16384;

export type BufferName = keyof ReturnType<typeof bufferBytes>;
/** Buffers of one model, made at load, and the KV cache by layer. */
export type Buffers = Readonly<Record<BufferName, GPUBuffer>> & {
  readonly keys: readonly GPUBuffer[];
  readonly values: readonly GPUBuffer[];
};

/** Bytes of every buffer but weights and KV cache. Those named `…Rows` hold a tile: [rows / 4][tileTokens] of vec4f. */
export function bufferBytes(shape: ModelShape, layout: Layout, contextLength: number) {
  const { heads, kvHeads, headDim } = shape;
  const width = pad32(shape.embeddingLength);
  const mixed = pad32(heads * headDim);
  const qkv = (heads + 2 * kvHeads) * headDim;
  const hidden = pad32(shape.feedForwardLength);
  const float = 4;
  const input = (cols: number) => Math.max(cols, UNIFORM_COLS) * float;
  const tile = layout.tileTokens * float;
  return {
    state: 16,
    ids: tile,
    /** Bound where a kernel has a binding that this model does not use. */
    none: 16,
    rope: contextLength * shape.ropeDim * float,
    partials: width * float,
    stream: width * float,
    normed: input(width),
    qkv: qkv * float,
    mixed: input(mixed),
    gateUp: 2 * hidden * float,
    hidden: input(hidden),
    logits: shape.vocabSize * float,
    ...samplingBytes(shape.vocabSize, layout, contextLength),
    streamRows: width * tile,
    normedRows: width * tile,
    qkvRows: qkv * tile,
    mixedRows: mixed * tile,
    gateUpRows: 2 * hidden * tile,
    hiddenRows: hidden * tile,
  };
}

/** Bytes of the keys, or of the values, of one layer: [kvHead][position][headDim]. */
export const cacheBytes = (shape: ModelShape, contextLength: number): number =>
  shape.kvHeads * contextLength * shape.headDim * (shape.cache === 'f16' ? 2 : 4);
