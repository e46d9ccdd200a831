/** A whole GGUF file of a header that `readGguf` would give, for models that tests make. */
import { encodeHeader, encodeValue, type Gguf, padding } from '@tabllama/gguf';

/** @param data where `tensors` have their offsets; their order stays */
export function fileOf(
  { metadata, tensors }: Pick<Gguf, 'metadata' | 'tensors'>,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const values = new Map(Array.from(metadata, ([key, value]) => [key, encodeValue(value)]));
  const parts = [encodeHeader(values, [...tensors.values()])];
  for (const { offset, bytes } of tensors.values()) {
    parts.push(new Uint8Array(data.subarray(offset, offset + bytes)), padding(bytes, 32));
  }
  return new Uint8Array(Buffer.concat(parts));
}
