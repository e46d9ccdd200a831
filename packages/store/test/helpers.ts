import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ModelName, type Progress, parseModelName } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';

export const tiny = new Uint8Array(
  readFileSync(new URL('../../../fixtures/models/stories260K-q8_0.gguf', import.meta.url)),
);

/** The tiny model with bytes after its tensors, different ones for each seed: several chunks long. */
export function bigModel(seed: number, size = 10_000_000): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(size);
  file.set(tiny);
  let state = seed;
  for (let i = tiny.length; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    file[i] = state >>> 24;
  }
  return file;
}

export const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const name = (text: string): ModelName => parseModelName(text)!;

let count = 0;
/** A database of its own for each test. */
export const freshName = () => `test-${process.pid}-${count++}`;

export async function collect<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

export const words = (lines: readonly Progress[]) => lines.map(({ status }) => status);

export async function readAll(source: ByteSource | undefined): Promise<Uint8Array> {
  return source!.read(0, source!.size);
}

/** Keys of everything in the database, by kind. */
export async function keysOf(database: string): Promise<Record<string, number>> {
  const { keys, createStore } = await import('idb-keyval');
  const counts: Record<string, number> = {};
  for (const key of await keys<string[]>(createStore(database, 'records'))) {
    counts[key[0]] = (counts[key[0]] ?? 0) + 1;
  }
  return counts;
}
