/** Cuts a GGUF into parts as `gguf-split` does: the metadata in the first, the tensors spread over all of them. */
import { type Gguf, readGguf, sourceFromBytes } from '@tabllama/gguf';

/** Each part's file, in order. */
export async function splitModel(file: Uint8Array, count: number): Promise<Uint8Array[]> {
  const gguf = await readGguf(sourceFromBytes(file));
  const tensors = [...gguf.tensors.values()];
  const each = Math.ceil(tensors.length / count);
  const entries = metadataBytes(file, gguf);
  return Array.from({ length: count }, (_, index) => {
    const mine = tensors.slice(index * each, (index + 1) * each);
    const keys = Buffer.concat([
      ...(index === 0 ? [entries.bytes] : []),
      entry('split.no', 2, u16(index)),
      entry('split.count', 2, u16(count)),
      entry('split.tensors.count', 5, u32(tensors.length)),
    ]);
    const infos: Buffer[] = [];
    const data: Buffer[] = [];
    let offset = 0;
    for (const { name, type, shape, offset: at, bytes } of mine) {
      infos.push(string(name), u32(shape.length), ...shape.map(u64), u32(type), u64(offset));
      const padded = Math.ceil(bytes / 32) * 32;
      data.push(Buffer.from(file.subarray(at, at + bytes)), Buffer.alloc(padded - bytes));
      offset += padded;
    }
    const keyCount = 3 + (index === 0 ? entries.count : 0);
    const head = Buffer.concat([
      Buffer.from('GGUF'),
      u32(3),
      u64(mine.length),
      u64(keyCount),
      keys,
      ...infos,
    ]);
    const padding = Buffer.alloc(Math.ceil(head.length / 32) * 32 - head.length);
    return new Uint8Array(Buffer.concat([head, padding, ...data]));
  });
}

/** The metadata of a file as it stands: all between the counts and the first tensor's name. */
function metadataBytes(file: Uint8Array, gguf: Gguf) {
  const bytes = Buffer.from(file);
  const [first] = gguf.tensors.keys();
  return { bytes: bytes.subarray(24, bytes.indexOf(string(first))), count: gguf.metadata.size };
}

const u16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
};
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const string = (text: string) => Buffer.concat([u64(text.length), Buffer.from(text)]);
const entry = (key: string, type: number, value: Buffer) => Buffer.concat([string(key), u32(type), value]);
