/** File → staging → device in pieces of a few MiB, so that a model of any size takes little of the JS heap. */
import type { QuantType } from '@tabllama/quants';
import type { Device } from './device.ts';
import { fileRowBytes, type PartLayout, pad32, type WeightLayout } from './weight-layout.ts';

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

/** Bytes of the file, in memory of their own. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Bytes read at once. */
const PIECE = 4 << 20;
const STORAGE = 0x80 | 0x08; // GPUBufferUsage.STORAGE | COPY_DST

/** Makes the buffers of a matrix; they are filled by `uploadMatrix`. */
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

/** Makes the buffer of a vector of `cols` floats, padded with zeros; it is filled by `uploadVector`. */
export function createVector(device: Device, cols: number): GpuWeight {
  const vector = device.createBuffer('vector', pad32(cols) * 4, STORAGE);
  return { rows: 1, cols, paired: false, parts: [], vector };
}

/** @param values [cols] */
export function uploadVector(device: Device, weight: GpuWeight, values: Float32Array<ArrayBuffer>): void {
  device.gpu.queue.writeBuffer(weight.vector!, 0, values);
}

/**
 * Fills a matrix from the file. The next piece is read while the present one is taken apart and copied.
 * @param onBytes called with the bytes of the file that were uploaded just now; awaited, so that it can hold the upload back
 */
export async function uploadMatrix(
  device: Device,
  layout: WeightLayout,
  weight: GpuWeight,
  read: ReadBytes,
  onBytes: (bytes: number) => Promise<void>,
): Promise<void> {
  for (const [i, part] of layout.parts.entries()) {
    const tasks = [...piecesOf(part, layout.cols)];
    let pending = read(tasks[0].offset, tasks[0].length);
    for (const [t, { row, length }] of tasks.entries()) {
      const bytes = await pending;
      const following = tasks[t + 1];
      if (following) {
        pending = read(following.offset, following.length);
        // a failure is seen when its turn comes, or never, if this piece fails first
        pending.catch(() => {});
      }
      write(device, weight.parts[i], layout.cols, row, bytes);
      await onBytes(length);
    }
  }
}

interface Piece {
  readonly offset: number;
  readonly length: number;
  /** Row within the part. */
  readonly row: number;
}

function* piecesOf({ type, pieces }: PartLayout, cols: number): Generator<Piece> {
  const rowBytes = fileRowBytes(type, cols);
  // whole quads of rows, so that planes of two bytes a block are written at multiples of four
  const most = Math.max(4, Math.floor(PIECE / rowBytes / 4) * 4);
  let row = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.rows; at += most) {
      const count = Math.min(most, piece.rows - at);
      yield { offset: piece.offset + at * rowBytes, length: count * rowBytes, row: row + at };
    }
    row += piece.rows;
  }
}

function write(
  { gpu }: Device,
  { type, planes }: GpuPart,
  cols: number,
  row: number,
  file: Uint8Array<ArrayBuffer>,
) {
  const bytes = padRows(file, type, cols);
  const blocks = bytes.length / type.blockBytes;
  const firstBlock = row * (pad32(cols) / type.blockSize);
  const split = type.split
    ? type.planes.map(plane => new Uint8Array(Math.ceil((blocks * plane.bytes) / 4) * 4))
    : [padEnd(bytes)];
  type.split?.(bytes, split);
  for (const [p, data] of split.entries()) {
    gpu.queue.writeBuffer(planes[p], firstBlock * type.planes[p].bytes, data);
  }
  // memory goes back at once: garbage collectors take their time with large buffers
  for (const { buffer } of [file, bytes, ...split]) if (!buffer.detached) buffer.transfer(0);
}

/** Rows of types whose blocks are shorter than 32 get zeros at their ends. */
function padRows(bytes: Uint8Array<ArrayBuffer>, type: QuantType, cols: number): Uint8Array<ArrayBuffer> {
  if (cols % 32 === 0) return bytes;
  const from = fileRowBytes(type, cols);
  const to = fileRowBytes(type, pad32(cols));
  const rows = bytes.length / from;
  const out = new Uint8Array(rows * to);
  for (let r = 0; r < rows; r++) out.set(bytes.subarray(r * from, (r + 1) * from), r * to);
  return out;
}

/** Copies to the device are whole words. */
function padEnd(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (bytes.length % 4 === 0) return bytes;
  const out = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  out.set(bytes);
  return out;
}
