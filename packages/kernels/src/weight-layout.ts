/** How a weight lies on the device: which rows share a buffer, planned from the header alone. */
import type { QuantType } from '@tabllama/quants';
import { DeviceError } from './device.ts';

/** A matrix in the file: `rows` rows of the weight's columns from byte `offset` on. */
export interface FileRows {
  readonly type: QuantType;
  readonly offset: number;
  readonly rows: number;
}

/** Rows that lie together: as many as one binding holds. */
export interface PartLayout {
  readonly type: QuantType;
  /** First row within the weight. Of a pair: twice the first row of each half. */
  readonly rowStart: number;
  readonly rows: number;
  /** What is put into the part, one after the other. */
  readonly pieces: readonly FileRows[];
  /** Bytes of every plane. */
  readonly planeBytes: readonly number[];
}

export interface WeightLayout {
  readonly rows: number;
  readonly cols: number;
  /** The weight is two matrices of equal shape, and every part has the same rows of both: first those of one, then of the other. */
  readonly paired: boolean;
  readonly parts: readonly PartLayout[];
}

/** Columns are padded with zeros to whole groups of 32, the unit of every kernel. */
export const pad32 = (n: number): number => Math.ceil(n / 32) * 32;

/** Bytes of a row in the file. */
export const fileRowBytes = (type: QuantType, cols: number): number =>
  (cols / type.blockSize) * type.blockBytes;

const planeRowBytes = (type: QuantType, cols: number): number[] =>
  type.planes.map(plane => (pad32(cols) / type.blockSize) * plane.bytes);

/**
 * Stacks matrices row upon row. Neighbours of one type share a part, and a part that would be longer than a binding is split.
 * @param paired the two matrices are read in pairs of rows (gate and up); granted where they have one type
 * Throws DeviceError if eight rows are too many for a binding.
 */
export function layoutWeight(
  matrices: readonly FileRows[],
  cols: number,
  paired: boolean,
  maxBindingBytes: number,
): WeightLayout {
  const rows = matrices.reduce((sum, matrix) => sum + matrix.rows, 0);
  const parts: PartLayout[] = [];
  /** Puts the same stretches of rows of some matrices of one type into parts of their own. */
  const add = (group: readonly FileRows[], rowStart: number) => {
    const [{ type, rows: height }] = group;
    const rowBytes = planeRowBytes(type, cols);
    const most = Math.floor(maxBindingBytes / Math.max(...rowBytes) / group.length / 8) * 8;
    if (most === 0) {
      throw new DeviceError(
        'too-large',
        `${8 * group.length} rows of ${cols} weights are more than the ${maxBindingBytes} bytes that this device binds at once`,
      );
    }
    for (let row = 0; row < height; row += most) {
      const count = Math.min(most, height - row);
      parts.push({
        type,
        rowStart: rowStart + row * group.length,
        rows: count * group.length,
        pieces: group.map(({ offset }) => ({
          type,
          offset: offset + row * fileRowBytes(type, cols),
          rows: count,
        })),
        planeBytes: rowBytes.map(bytes => bytes * count * group.length),
      });
    }
  };
  const pair = paired && matrices.length === 2 && matrices[0].type === matrices[1].type;
  if (pair) {
    add(matrices, 0);
  } else {
    let rowStart = 0;
    for (const run of runsOfOneType(matrices, cols, maxBindingBytes)) {
      const height = run.reduce((sum, matrix) => sum + matrix.rows, 0);
      if (run.length === 1) {
        add(run, rowStart);
      } else {
        parts.push({
          type: run[0].type,
          rowStart,
          rows: height,
          pieces: run,
          planeBytes: planeRowBytes(run[0].type, cols).map(bytes => bytes * height),
        });
      }
      rowStart += height;
    }
  }
  return { rows, cols, paired: pair, parts };
}

/** Neighbours of one type, together as long as they fit one binding. */
function runsOfOneType(matrices: readonly FileRows[], cols: number, maxBindingBytes: number): FileRows[][] {
  const runs: FileRows[][] = [];
  for (const matrix of matrices) {
    const last = runs.at(-1);
    const rows = (last ?? []).reduce((sum, { rows }) => sum + rows, matrix.rows);
    const fits = Math.max(...planeRowBytes(matrix.type, cols)) * rows <= maxBindingBytes;
    if (last && last[0].type === matrix.type && fits) last.push(matrix);
    else runs.push([matrix]);
  }
  return runs;
}

/** Bytes that the weight takes on the device. */
export const weightBytes = (layout: WeightLayout): number =>
  layout.parts.reduce((sum, part) => sum + part.planeBytes.reduce((a, b) => a + b, 0), 0);
