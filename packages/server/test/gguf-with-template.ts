/** A GGUF with a chat template: one more text in its metadata. */

/** The text is filled up with a Jinja comment to a multiple of 32 bytes, so that every tensor keeps its alignment. */
export function ggufWithTemplate(gguf: Uint8Array, template: string): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const name = encoder.encode('tokenizer.chat_template');
  const fixed = 8 + name.length + 4 + 8;
  const used = fixed + encoder.encode(`${template}{##}`).length;
  const value = encoder.encode(`${template}{#${' '.repeat((32 - (used % 32)) % 32)}#}`);
  const entry = new Uint8Array(fixed + value.length);
  const view = new DataView(entry.buffer);
  view.setBigUint64(0, BigInt(name.length), true);
  entry.set(name, 8);
  view.setUint32(8 + name.length, 8, true);
  view.setBigUint64(12 + name.length, BigInt(value.length), true);
  entry.set(value, fixed);
  const header = 24;
  const result = new Uint8Array(gguf.length + entry.length);
  result.set(gguf.subarray(0, header));
  result.set(entry, header);
  result.set(gguf.subarray(header), header + entry.length);
  const counts = new DataView(result.buffer);
  counts.setBigUint64(16, counts.getBigUint64(16, true) + 1n, true);
  return result;
}
