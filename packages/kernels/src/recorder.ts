/**
 * The ops on the GPU: called once, they record dispatches. Two recorders share one set of buffers: one for the single token of a
 * decode step, where norms are folded into their neighbours, and one for the tile of tokens of a prefill.
 */
import type { Buffers, ModelShape } from './buffers.ts';
import type { Layout } from './device.ts';
import type { Constants } from './kernel.ts';
import type { AttentionShape, Ops } from './ops.ts';
import type { Dispatch } from './plan.ts';
import { bool } from './rows.ts';
import type { GpuWeight } from './upload.ts';

/** What the recorders write for. */
export interface Recording {
  readonly shape: ModelShape;
  readonly layout: Layout;
  readonly contextLength: number;
  readonly buffers: Buffers;
  /** Sums of squares that producers of the stream leave to its readers: see `countPartials`. */
  readonly partials: number;
}

/** What a recorder has written: the dispatches up to the final stream, and those that make logits of it. */
export interface Recorder {
  readonly ops: Ops<GPUBuffer, GpuWeight>;
  readonly body: Dispatch[];
  readonly head: Dispatch[];
}

export function attentionConstants({ shape }: Recording, a: AttentionShape, normed: boolean): Constants {
  return {
    HEADS: a.heads,
    KV_HEADS: a.kvHeads,
    HEAD_DIM: a.headDim,
    ROPE_DIM: shape.ropeDim,
    NEOX: bool(a.ropeStyle === 'neox'),
    NORMED: bool(normed),
    EPSILON: a.epsilon,
  };
}
