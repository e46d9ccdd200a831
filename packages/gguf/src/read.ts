/**
 * Reads the header of a GGUF file: version 2 or 3, little endian (ggml's docs/gguf.md). A file is a stranger's: every count, length
 * and offset is checked against the bytes that are there before anything is allocated for it.
 */
import { Cursor } from './cursor.ts';
import { GgufError } from './error.ts';
import type { ByteSource } from './source.ts';
import { tensorTypes } from './tensor-types.ts';
import type { Gguf, GgufArray, GgufValue, TensorInfo } from './types.ts';

const MAX_ENTRIES = 65_536; // metadata keys, and tensors
const MAX_ITEMS = 1 << 24; // of one array
const MAX_STRING = 1 << 24; // bytes
const MAX_NAME = 65_535; // bytes of a key
const MAX_DEPTH = 4; // of arrays in arrays
const MAX_ALIGNMENT = 1 << 20;

/** Numeric value types by GGUF's number: bytes, how to read one, and what holds many. */
const numeric = new Map<number, { bytes: number; read: (c: Cursor) => number; array?: TypedArray }>([
  [0, { bytes: 1, read: c => c.u8(), array: Uint8Array }],
  [1, { bytes: 1, read: c => c.i8(), array: Int8Array }],
  [2, { bytes: 2, read: c => c.u16(), array: Uint16Array }],
  [3, { bytes: 2, read: c => c.i16(), array: Int16Array }],
  [4, { bytes: 4, read: c => c.u32(), array: Uint32Array }],
  [5, { bytes: 4, read: c => c.i32(), array: Int32Array }],
  [6, { bytes: 4, read: c => c.f32(), array: Float32Array }],
  [10, { bytes: 8, read: c => c.u64() }],
  [11, { bytes: 8, read: c => c.i64() }],
  [12, { bytes: 8, read: c => c.f64(), array: Float64Array }],
]);
type TypedArray = new (length: number) => Extract<GgufArray, ArrayBufferView>;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** @throws GgufError for anything that is not a sound file; what the source throws for anything it cannot read */
export async function readGguf(source: ByteSource, signal?: AbortSignal): Promise<Gguf> {
  const cursor = new Cursor(source, signal);
  await cursor.fill(Math.min(24, source.size));
  if (source.size < 24 || cursor.text(4) !== 'GGUF')
    throw new GgufError('not a GGUF file: no magic number', 0);
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const swapped = version & 0xffff ? version : version >>> 24;
    const why =
      swapped !== version ? 'a big-endian file, which is not supported' : 'not supported, 2 and 3 are';
    throw new GgufError(`GGUF version ${version}: ${why}`, 4);
  }
  const tensorCount = readCount(cursor, 'tensor count', MAX_ENTRIES, 24);
  const entryCount = readCount(cursor, 'metadata count', MAX_ENTRIES, 12);

  const metadata = new Map<string, GgufValue>();
  const valueRanges = new Map<string, { offset: number; bytes: number }>();
  for (let i = 0; i < entryCount; i++) {
    const key = await readString(cursor, 'metadata key', MAX_NAME);
    if (metadata.has(key)) throw new GgufError(`metadata key ${key} comes twice`, cursor.offset);
    await cursor.fill(4);
    const { offset } = cursor;
    metadata.set(key, await readValue(cursor, key, cursor.u32(), 0));
    valueRanges.set(key, { offset, bytes: cursor.offset - offset });
  }
  const alignment = metadata.get('general.alignment') ?? 32;
  if (
    typeof alignment !== 'number' ||
    alignment < 1 ||
    alignment > MAX_ALIGNMENT ||
    !isPowerOfTwo(alignment)
  ) {
    throw new GgufError(
      `general.alignment is ${String(alignment)}, expected a power of two up to ${MAX_ALIGNMENT}`,
    );
  }
  const infos: TensorInfo[] = [];
  for (let i = 0; i < tensorCount; i++) infos.push(await readTensorInfo(cursor));
  const dataOffset = Math.ceil(cursor.offset / alignment) * alignment;
  const tensors = placeTensors(infos, dataOffset, alignment, source.size);
  return { version, alignment, metadata, valueRanges, tensors, dataOffset };
}

const isPowerOfTwo = (n: number) => Number.isInteger(n) && (n & (n - 1)) === 0;

/** A count of things of at least `bytes` bytes each. */
function readCount(cursor: Cursor, what: string, max: number, bytes: number): number {
  const at = cursor.offset;
  const count = cursor.u64();
  if (count > max) throw new GgufError(`${what} ${count} is more than ${max}`, at);
  if (count * bytes > cursor.remaining) {
    throw new GgufError(`${what} ${count} needs more than the ${cursor.remaining} bytes that are left`, at);
  }
  return count;
}

async function readString(cursor: Cursor, what: string, max: number): Promise<string> {
  await cursor.fill(8);
  const length = readCount(cursor, `length of ${what}`, max, 1);
  await cursor.fill(length);
  return cursor.text(length);
}

async function readValue(cursor: Cursor, key: string, type: number, depth: number): Promise<GgufValue> {
  const number = numeric.get(type);
  if (number) {
    await cursor.fill(number.bytes);
    return number.read(cursor);
  }
  switch (type) {
    case BOOL:
      await cursor.fill(1);
      return readBool(cursor, key);
    case STRING:
      return readString(cursor, key, MAX_STRING);
    case ARRAY:
      if (depth === MAX_DEPTH)
        throw new GgufError(`${key}: arrays nested deeper than ${MAX_DEPTH}`, cursor.offset);
      return readArray(cursor, key, depth + 1);
    default:
      throw new GgufError(`${key} has unknown value type ${type}`, cursor.offset - 4);
  }
}

function readBool(cursor: Cursor, key: string): boolean {
  const byte = cursor.u8();
  if (byte > 1) throw new GgufError(`${key} is a bool of value ${byte}`, cursor.offset - 1);
  return byte === 1;
}

async function readArray(cursor: Cursor, key: string, depth: number): Promise<GgufArray> {
  await cursor.fill(12);
  const type = cursor.u32();
  const number = numeric.get(type);
  const minimum = number?.bytes ?? (type === BOOL ? 1 : type === STRING ? 8 : 12);
  const count = readCount(cursor, `length of ${key}`, MAX_ITEMS, minimum);
  if (number) {
    const items = number.array ? new number.array(count) : new Array<number>(count);
    for (let i = 0; i < count; i++) {
      if (!cursor.has(number.bytes)) await cursor.fill(number.bytes);
      items[i] = number.read(cursor);
    }
    return items;
  }
  const items: GgufValue[] = [];
  for (let i = 0; i < count; i++) {
    // strings of a vocabulary are read without a promise each
    if (type === STRING && cursor.has(8 + 256)) {
      const length = readCount(cursor, `length of ${key}[${i}]`, MAX_STRING, 1);
      if (!cursor.has(length)) await cursor.fill(length);
      items.push(cursor.text(length));
    } else {
      items.push(await readValue(cursor, `${key}[${i}]`, type, depth));
    }
  }
  return items as GgufArray;
}

interface UnplacedTensor extends TensorInfo {
  /** Where the info lies in the header. */
  readonly at: number;
}

async function readTensorInfo(cursor: Cursor): Promise<UnplacedTensor> {
  const at = cursor.offset;
  const name = await readString(cursor, 'tensor name', MAX_NAME);
  await cursor.fill(4);
  const dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > 4)
    throw new GgufError(`tensor ${name} has ${dimensions} dimensions`, at);
  await cursor.fill(8 * dimensions + 12);
  const shape = Array.from({ length: dimensions }, () => cursor.u64());
  const elements = shape.reduce((a, b) => a * b, 1);
  if (elements < 1 || !Number.isSafeInteger(elements * 8)) {
    throw new GgufError(`tensor ${name} has shape ${shape.join('×')}`, at);
  }
  const id = cursor.u32();
  const type = tensorTypes.get(id);
  if (!type) throw new GgufError(`tensor ${name} has unknown type ${id}`, at);
  if (shape[0] % type.blockSize !== 0) {
    throw new GgufError(
      `tensor ${name}: rows of ${shape[0]} do not divide into ${type.name} blocks of ${type.blockSize}`,
      at,
    );
  }
  const bytes = (elements / type.blockSize) * type.blockBytes;
  return { name, type: id, shape, offset: cursor.u64(), bytes, at };
}

/** Offsets become absolute; none may leave the file or lie in another tensor. */
function placeTensors(
  infos: readonly TensorInfo[],
  dataOffset: number,
  alignment: number,
  size: number,
): Map<string, TensorInfo> {
  const tensors = new Map<string, TensorInfo>();
  for (const { name, type, shape, offset, bytes } of infos) {
    if (tensors.has(name)) throw new GgufError(`tensor ${name} comes twice`);
    if (offset % alignment !== 0)
      throw new GgufError(`tensor ${name}: offset ${offset} is not aligned to ${alignment}`);
    if (dataOffset + offset + bytes > size) {
      throw new GgufError(
        `tensor ${name}: ${bytes} bytes at ${dataOffset + offset} reach beyond the file's ${size}`,
      );
    }
    tensors.set(name, { name, type, shape, offset: dataOffset + offset, bytes });
  }
  let end = 0;
  let before = '';
  for (const tensor of [...tensors.values()].sort((a, b) => a.offset - b.offset)) {
    if (tensor.offset < end)
      throw new GgufError(`tensors ${before} and ${tensor.name} overlap`, tensor.offset);
    end = tensor.offset + tensor.bytes;
    before = tensor.name;
  }
  return tensors;
}
