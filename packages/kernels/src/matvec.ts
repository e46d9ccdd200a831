/** How the workgroups of a matvec share the rows of a weight. */
import { type ModelShape, UNIFORM_COLS } from './buffers.ts';
import type { Layout } from './device.ts';
import type { Constants } from './kernel.ts';
import type { Grid } from './plan.ts';
import type { GpuWeight } from './upload.ts';
import { pad32 } from './weight-layout.ts';

/** Rows that a lane, or the lanes that share them, take at once. */
export const ROWS_AT_ONCE = { store: 4, residual: 4, glu: 2 };

/** A grid of `count` workgroups in a row, folded where a dimension is too short for it. */
export const row = (count: number): Grid => {
  const y = Math.ceil(count / 65535);
  return () => [Math.ceil(count / y), y];
};

/** Lanes that share a row: the power of two up to 32 that leaves few of them idle, the larger of equals. */
function splitOf(blocks: number): number {
  const idle = (split: number) => (Math.ceil(blocks / split) * split) / blocks;
  return [32, 16, 8].reduce((best, split) => (idle(split) < idle(best) - 0.1 ? split : best));
}

/** Which kernel a matvec takes, how many rows a workgroup of it has, and the constants that say so. */
export function geometry(
  layout: Layout,
  cols: number,
  rowsAtOnce: number,
): { matvec: Layout['matvec']; rowsOfGroup: number; constants: Constants } {
  const LANES = layout.lanes;
  if (layout.matvec === 'lanes' && cols <= UNIFORM_COLS) {
    return { matvec: 'lanes', rowsOfGroup: LANES * rowsAtOnce, constants: { LANES } };
  }
  const SPLIT = Math.min(LANES, splitOf(pad32(cols) / 32));
  return { matvec: 'split', rowsOfGroup: (LANES / SPLIT) * rowsAtOnce, constants: { LANES, SPLIT } };
}

/** Workgroups of a matvec into the residual stream. */
function residualGroups(layout: Layout, weight: GpuWeight): number {
  const { rowsOfGroup } = geometry(layout, weight.cols, ROWS_AT_ONCE.residual);
  return weight.parts.reduce((sum, part) => sum + Math.ceil(part.rows / rowsOfGroup), 0);
}

/** The most sums of squares that any producer of the stream leaves: one a block from the table, one a workgroup from a matvec. */
export function countPartials(shape: ModelShape, layout: Layout, weights: Iterable<GpuWeight>): number {
  let most = pad32(shape.embeddingLength) / 32;
  for (const weight of weights) {
    if (weight.rows === shape.embeddingLength) most = Math.max(most, residualGroups(layout, weight));
  }
  return most;
}
