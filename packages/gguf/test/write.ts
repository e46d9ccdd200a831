/** A GGUF file (version 3, little endian) of a header that `readGguf` would give, for models that tests make. */
import type { Gguf, GgufValue } from '@tabllama/gguf';

const alignment = 32;
const typed = [
  [Uint8Array, 0],
  [Int8Array, 1],
  [Uint16Array, 2],
  [Int16Array, 3],
  [Uint32Array, 4],
  [Int32Array, 5],
  [Float32Array, 6],
  [Float64Array, 12],
] as const;

/**
 * Whole numbers become 32-bit integers, others floats; an array that is not typed holds strings.
 * @param data where `tensors` have their offsets; their order stays
 */
export function writeGguf(
  { metadata, tensors }: Pick<Gguf, 'metadata' | 'tensors'>,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const put = (bytes: Uint8Array) => {
    parts.push(bytes);
    length += bytes.length;
  };
  const number = (size: number, set: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(size));
    set(view);
    put(new Uint8Array(view.buffer));
  };
  const u32 = (value: number) => number(4, view => view.setUint32(0, value, true));
  const u64 = (value: number) => number(8, view => view.setBigUint64(0, BigInt(value), true));
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    u64(bytes.length);
    put(bytes);
  };
  const pad = () => put(new Uint8Array((alignment - (length % alignment)) % alignment));
  const value = (value: GgufValue) => {
    if (typeof value === 'string') {
      u32(8);
      text(value);
    } else if (typeof value === 'boolean') {
      u32(7);
      put(Uint8Array.of(Number(value)));
    } else if (typeof value === 'number') {
      const whole = Number.isInteger(value);
      u32(whole ? (value < 0 ? 5 : 4) : 6);
      number(4, view => (whole ? view.setInt32(0, value, true) : view.setFloat32(0, value, true)));
    } else {
      const kind = typed.find(([array]) => value instanceof array)?.[1] ?? 8;
      u32(9);
      u32(kind);
      u64(value.length);
      if (ArrayBuffer.isView(value)) put(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      else for (const item of value) text(String(item));
    }
  };

  put(new TextEncoder().encode('GGUF'));
  u32(3);
  u64(tensors.size);
  u64(metadata.size);
  for (const [key, each] of metadata) {
    text(key);
    value(each);
  }
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors.values()) {
    text(name);
    u32(shape.length);
    for (const size of shape) u64(size);
    u32(type);
    u64(offset);
    offset += Math.ceil(bytes / alignment) * alignment;
  }
  pad();
  for (const tensor of tensors.values()) {
    put(data.subarray(tensor.offset, tensor.offset + tensor.bytes));
    pad();
  }
  const file = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}
