/** Models and files for tests: GGUF files of what is to be written, and folders of safetensors. */
import { createHash } from 'node:crypto';
import { brotliDecompressSync } from 'node:zlib';
import { type Gguf, readGguf, sourceFromBytes, writeGguf } from '@tabllama/gguf';
import { createMemoryStore } from '../../server/test/memory-store.ts';
import type { NewModel } from '../src/new-model.ts';
import { convertSafetensors } from '../src/safetensors/convert.ts';
import { openFolder } from '../src/safetensors/folder.ts';
import { fixture } from './fixtures.ts';

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const { signal } = new AbortController();

/** A GGUF of the fixtures, as `create` finds it in a store. */
export function openModel(name: string) {
  const file = name.startsWith('stories')
    ? fixture(`models/${name}`)
    : new Uint8Array(brotliDecompressSync(fixture(`models/${name}.br`)));
  return openBytes(file);
}

export async function openBytes(bytes: Uint8Array) {
  const weights = sourceFromBytes(bytes);
  return { bytes, gguf: await readGguf(weights), weights, layers: [] };
}

/** What is written of a model. */
export async function fileOf({ values, tensors, alignment }: NewModel) {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeGguf(values, tensors, alignment)) pieces.push(piece);
  return openBytes(new Uint8Array(Buffer.concat(pieces)));
}

/** Bytes of a tensor. */
export function bytesOf({ bytes, gguf }: { bytes: Uint8Array; gguf: Gguf }, name: string): Uint8Array {
  const { offset, bytes: length } = gguf.tensors.get(name)!;
  return bytes.subarray(offset, offset + length);
}

export type Files = Readonly<Record<string, Uint8Array | string | object>>;

/** The model that files are converted to: bytes, texts, and what is written as JSON. */
export async function convert(files: Files): Promise<NewModel> {
  const store = createMemoryStore();
  const digests: Record<string, string> = {};
  for (const [path, content] of Object.entries(files)) {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const bytes = content instanceof Uint8Array ? content : new TextEncoder().encode(text);
    digests[path] = (await store.putBlob(bytes)).digest;
  }
  return convertSafetensors(openFolder(store, digests), signal);
}

/** A safetensors file with this header, as JSON or as it is written. */
export function safetensors(header: object | string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, data]));
}
