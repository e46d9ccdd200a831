/** Writes GGUF files: version 3, little endian (ggml's docs/gguf.md), as a stream, so that none has to fit in memory. */
import { tensorTypes } from './tensor-types.ts';
import type { GgufValue, TensorInfo } from './types.ts';

/** A tensor to be written. */
export interface NewTensor extends Pick<TensorInfo, 'name' | 'type' | 'shape'> {
  /** Its bytes from front to back, as many as type and shape say. */
  data(): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const [UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9];
const arrayTypes = [
  [Uint8Array, 0],
  [Int8Array, 1],
  [Uint16Array, 2],
  [Int16Array, 3],
  [Uint32Array, UINT32],
  [Int32Array, INT32],
  [Float32Array, FLOAT32],
  [Float64Array, 12],
] as const;
const encoder = new TextEncoder();

/**
 * A metadata value as it lies in the file, its type before it. Whole numbers become 32-bit integers, others floats; an array that is
 * not typed holds strings.
 */
export function encodeValue(value: GgufValue): Uint8Array<ArrayBuffer> {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) return encodeFloat(value);
    return join([u32(value < 0 ? INT32 : UINT32), u32(value)]);
  }
  if (typeof value === 'boolean') return join([u32(BOOL), Uint8Array.of(Number(value))]);
  if (typeof value === 'string') return join([u32(STRING), ...text(value)]);
  const type = arrayTypes.find(([Type]) => value instanceof Type)?.[1] ?? STRING;
  const items = ArrayBuffer.isView(value)
    ? [new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    : Array.from<GgufValue, Uint8Array[]>(value, item => text(String(item))).flat();
  return join([u32(ARRAY), u32(type), u64(value.length), ...items]);
}

/** A number as a 32-bit float, whole or not. */
export function encodeFloat(value: number): Uint8Array<ArrayBuffer> {
  return join([u32(FLOAT32), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** Everything before the first tensor's data, which comes in the order of `tensors`, each padded to the alignment. */
export function encodeHeader(
  metadata: ReadonlyMap<string, Uint8Array>,
  tensors: readonly Pick<TensorInfo, 'name' | 'type' | 'shape'>[],
  alignment = 32,
): Uint8Array<ArrayBuffer> {
  const parts = [encoder.encode('GGUF'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(...text(key), value as Uint8Array<ArrayBuffer>);
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    parts.push(...text(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
    offset += Math.ceil(byteLength(type, shape) / alignment) * alignment;
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return join([...parts, padding(length, alignment)]);
}

/** The file, in pieces that are made as they are asked for. */
export async function* writeGguf(
  metadata: ReadonlyMap<string, Uint8Array>,
  tensors: readonly NewTensor[],
  alignment = 32,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  yield encodeHeader(metadata, tensors, alignment);
  for (const { name, type, shape, data } of tensors) {
    const bytes = byteLength(type, shape);
    let length = 0;
    for await (const piece of data()) {
      length += piece.length;
      yield piece;
    }
    if (length !== bytes) throw new Error(`tensor ${name}: ${length} bytes were made of ${bytes}`);
    yield padding(length, alignment);
  }
}

/** Zeros up to the next multiple of the alignment. */
export const padding = (length: number, alignment: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array((alignment - (length % alignment)) % alignment);

/** Bytes of a tensor's data. */
function byteLength(type: number, shape: readonly number[]): number {
  const { blockSize, blockBytes } = tensorTypes.get(type)!;
  return (shape.reduce((a, b) => a * b, 1) / blockSize) * blockBytes;
}

const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

function text(value: string): Uint8Array<ArrayBuffer>[] {
  const bytes = encoder.encode(value);
  return [u64(bytes.length), bytes];
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
