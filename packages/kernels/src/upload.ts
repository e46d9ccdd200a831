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

/** Bytes of the file. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

/** Bytes read at once. */
const PIECE = 4 << 20;
const STORAGE = 0x80 | 0x08; // GPUBufferUsage.STORAGE | COPY_DST

/** Makes the buffers of a matrix; they are filled by an uploader. */
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

/** Makes the buffer of a vector of `cols` floats, padded with zeros; it is filled by an uploader. */
export function createVector(device: Device, cols: number): GpuWeight {
  const vector = device.createBuffer('vector', pad32(cols) * 4, STORAGE);
  return { rows: 1, cols, paired: false, parts: [], vector };
}

export interface Uploader {
  /** Fills a matrix from the file. */
  matrix(layout: WeightLayout, weight: GpuWeight): Promise<void>;
  /** @param values [cols] */
  vector(weight: GpuWeight, values: Float32Array<ArrayBuffer>): void;
}

/**
 * @param read the bytes need to stay only until the next read
 * @param onBytes called with the number of bytes of the file that were uploaded just now; awaited, so that it can hold the upload back
 */
export function createUploader(
  { gpu: { queue } }: Device,
  read: ReadBytes,
  onBytes: (bytes: number) => Promise<void>,
): Uploader {
  /** Where blocks are taken apart, by plane; fresh memory for every piece would cost more than the work. */
  const scratch: Uint8Array<ArrayBuffer>[] = [];
  const scratchOf = (plane: number, bytes: number) => {
    if (!(scratch[plane]?.length >= bytes)) scratch[plane] = new Uint8Array(bytes);
    return scratch[plane].subarray(0, bytes);
  };
  return {
    async matrix(layout, weight) {
      for (const [i, part] of layout.parts.entries()) {
        const { type, planes } = weight.parts[i];
        for (const { offset, length, row } of piecesOf(part, layout.cols)) {
          const bytes = padRows(await read(offset, length), type, layout.cols);
          const blocks = bytes.length / type.blockBytes;
          const firstBlock = row * (pad32(layout.cols) / type.blockSize);
          // copies to the device are whole words
          const taken = type.planes.map((plane, p) =>
            scratchOf(p, Math.ceil((blocks * plane.bytes) / 4) * 4),
          );
          if (type.split) type.split(bytes, taken);
          else taken[0].set(bytes);
          for (const [p, data] of taken.entries()) {
            queue.writeBuffer(planes[p], firstBlock * type.planes[p].bytes, data);
          }
          await onBytes(length);
        }
      }
    },
    vector: ({ vector }, values) => queue.writeBuffer(vector!, 0, values),
  };
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
