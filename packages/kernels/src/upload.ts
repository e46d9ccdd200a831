/** File → staging → device in pieces of a MiB, so that a model of any size takes little of the JS heap. */
import type { QuantType } from '@tabllama/quants';
import type { Device } from './device.ts';
import type { Staging } from './staging.ts';
import { type FileRows, fileRowBytes, pad32, type WeightLayout } from './weight-layout.ts';

/** Rows of a weight that lie in buffers of their own. */
export interface GpuPart {
  readonly type: QuantType;
  /** One for each plane of the type. */
  readonly planes: readonly GPUBuffer[];
  readonly rowStart: number;
  readonly rows: number;
}

/** A weight on the device. A vector is one buffer of floats. */
export interface GpuWeight {
  readonly rows: number;
  readonly cols: number;
  readonly paired: boolean;
  readonly parts: readonly GpuPart[];
  readonly vector?: GPUBuffer;
}

/** Bytes of the file; they need to stay only until the next read. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Bytes read and staged at once, where a row is not longer. */
const PIECE = 1 << 20;
const STORAGE = 0x80 | 0x08; // GPUBufferUsage.STORAGE | COPY_DST

/** Makes the buffers of a matrix. */
export function createMatrix(device: Device, layout: WeightLayout): GpuWeight {
  const { rows, cols, paired } = layout;
  const parts = layout.parts.map(({ type, rowStart, rows, planeBytes }) => ({
    type,
    rowStart,
    rows,
    planes: planeBytes.map(bytes => device.createBuffer(`weights ${type.name}`, bytes, STORAGE)),
  }));
  return { rows, cols, paired, parts };
}

/** Makes the buffer of a vector of `cols` floats, padded with zeros. */
export function createVector(device: Device, cols: number): GpuWeight {
  const vector = device.createBuffer('vector', pad32(cols) * 4, STORAGE);
  return { rows: 1, cols, paired: false, parts: [], vector };
}

/** Rows of the file and the buffers that they go into. */
interface MatrixRows extends FileRows {
  readonly cols: number;
  readonly planes: readonly GPUBuffer[];
  /** Where they begin there. */
  readonly row: number;
}

/** All that fills a matrix. */
export const rowsOf = (layout: WeightLayout, weight: GpuWeight): MatrixRows[] =>
  layout.parts.flatMap(({ pieces }, i) => {
    const { planes } = weight.parts[i];
    let end = 0;
    return pieces.map(piece => {
      end += piece.rows;
      return { ...piece, cols: layout.cols, planes, row: end - piece.rows };
    });
  });

/**
 * Fills rows of a matrix from the file.
 * @param onBytes called with the number of bytes of the file that were staged just now
 */
export async function uploadRows(
  staging: Staging,
  rows: MatrixRows,
  read: ReadBytes,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { type, planes, cols } = rows;
  for (const { offset, length, block, blocks } of piecesOf(rows)) {
    const bytes = await read(offset, length);
    const memory = await staging.stage(
      type.planes.map((plane, p) => ({
        buffer: planes[p],
        offset: block * plane.bytes,
        // copies are of whole words; what lies behind the last row is never read
        bytes: Math.ceil((blocks * plane.bytes) / 4) * 4,
      })),
    );
    if (type.split) type.split(bytes, memory);
    else copyRows(bytes, memory[0], fileRowBytes(type, cols), fileRowBytes(type, pad32(cols)));
    onBytes(length);
  }
}

/** Fills a part of a vector, from its element `start` on. */
export async function uploadVector(
  staging: Staging,
  { vector }: GpuWeight,
  start: number,
  values: Float32Array<ArrayBuffer>,
): Promise<void> {
  const [memory] = await staging.stage([{ buffer: vector!, offset: 4 * start, bytes: values.byteLength }]);
  memory.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

interface Piece {
  readonly offset: number;
  readonly length: number;
  /** First block on the device, and their number there. */
  readonly block: number;
  readonly blocks: number;
}

function* piecesOf({ type, offset, rows, cols, row }: MatrixRows): Generator<Piece> {
  const rowBlocks = pad32(cols) / type.blockSize;
  const rowBytes = fileRowBytes(type, cols);
  // rows that are padded are cut between rows, others between pairs of blocks: planes of two bytes a block are then cut at whole words
  const unit = cols % 32 === 0 ? 2 : rowBlocks;
  const most = unit * Math.max(1, Math.floor(PIECE / (unit * type.blockBytes)));
  const end = rows * rowBlocks;
  for (let at = 0; at < end; at += most) {
    const blocks = Math.min(most, end - at);
    yield {
      offset: offset + (at * rowBytes) / rowBlocks,
      length: (blocks * rowBytes) / rowBlocks,
      block: row * rowBlocks + at,
      blocks,
    };
  }
}

/** Rows of types whose blocks are shorter than 32 get zeros at their ends. */
function copyRows(bytes: Uint8Array, out: Uint8Array, rowBytes: number, paddedBytes: number): void {
  if (rowBytes === paddedBytes) {
    out.set(bytes);
    return;
  }
  out.fill(0);
  for (let from = 0, to = 0; from < bytes.length; from += rowBytes, to += paddedBytes) {
    out.set(bytes.subarray(from, from + rowBytes), to);
  }
}
