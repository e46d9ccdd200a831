/** Weights of one type into another, a piece at a time. */
import { type ByteSource, type NewTensor, type TensorInfo, tensorTypes } from '@tabllama/gguf';
import { floatTypes, quantizers } from '@tabllama/quants/quantize';

/** Weights of a piece: whole blocks of every type. */
const PIECE = 1 << 18;

type Pieces = AsyncGenerator<Uint8Array<ArrayBuffer>, void>;

/** The bytes of a tensor as they lie in its file. */
export async function* readPieces(
  source: ByteSource,
  { offset, bytes, type }: Pick<TensorInfo, 'offset' | 'bytes' | 'type'>,
  onRead: (bytes: number) => void,
): Pieces {
  const { blockSize, blockBytes } = tensorTypes.get(type)!;
  const most = (PIECE / blockSize) * blockBytes;
  for (let at = 0; at < bytes; at += most) {
    const piece = await source.read(offset + at, Math.min(most, bytes - at));
    onRead(piece.length);
    yield piece;
  }
}

/** The same of a tensor with so many heads and rows, the first and the second half of each head's rows taken in turn. */
export async function* readNeighbours(
  source: ByteSource,
  { offset, bytes }: Pick<TensorInfo, 'offset' | 'bytes'>,
  [heads, rows]: readonly [number, number],
  onRead: (bytes: number) => void,
): Pieces {
  const [head, row] = [bytes / heads, bytes / rows];
  for (let at = 0; at < bytes; at += head) {
    const halves = await source.read(offset + at, head);
    onRead(head);
    const neighbours = new Uint8Array(head);
    for (let i = 0; i < head / 2; i += row) {
      neighbours.set(halves.subarray(i, i + row), 2 * i);
      neighbours.set(halves.subarray(head / 2 + i, head / 2 + i + row), 2 * i + row);
    }
    yield neighbours;
  }
}

/**
 * The weights of a tensor in another type, as ggml makes them.
 * @throws Error for weights that are no floats, and for one that is not finite or too large
 */
export async function* recode({ name, type, data }: NewTensor, to: number): Pieces {
  const source = floatTypes.find(({ id }) => id === type);
  if (!source) throw new Error(`cannot dequantize/convert tensor type ${tensorTypes.get(type)?.name}`);
  const target = tensorTypes.get(to)!;
  for await (const piece of data()) {
    const weights = new Float32Array(piece.length / source.blockBytes);
    source.dequantize(piece, weights);
    if (!weights.every(Number.isFinite)) throw new Error(`tensor ${name}: a weight is not finite`);
    const blocks = new Uint8Array((weights.length / target.blockSize) * target.blockBytes);
    quantizers[target.name](weights, blocks);
    yield blocks;
  }
}
