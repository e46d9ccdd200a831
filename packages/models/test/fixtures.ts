/** Models and goldens of `fixtures/`, read for tests. */
import { existsSync, readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { readGguf, sourceFromBytes } from '@tabllama/gguf';

const root = new URL('../../../fixtures/', import.meta.url);

export async function openFixture(name: string) {
  const plain = [`models/${name}.gguf`, `../models/${name}.gguf`]
    .map(path => new URL(path, root))
    .find(existsSync);
  const bytes = plain
    ? readFileSync(plain)
    : brotliDecompressSync(readFileSync(new URL(`models/${name}.gguf.br`, root)));
  const weights = sourceFromBytes(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length));
  return { weights, gguf: await readGguf(weights) };
}

/** What llama.cpp says of a model: greedy tokens and the ten best logits of every step. */
export interface Golden {
  readonly promptTokens: readonly number[];
  readonly generated: readonly number[];
  readonly steps: readonly {
    readonly token: number;
    readonly top: readonly { readonly id: number; readonly logit: number }[];
  }[];
}

export const readGolden = (name: string): Golden =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, root), 'utf8'));

export const tinyModels = [
  'stories260K-f32',
  'stories260K-q8_0',
  'llama-2-tiny-random',
  'synthetic-llama-f32',
  'synthetic-qwen2-f32',
] as const;

/** What llama.cpp says of a text: its tokens and the pooled vector, not normalised. */
export interface EmbeddingGolden {
  readonly tokens: readonly number[];
  readonly embedding: readonly number[];
}

export const readEmbeddings = (name: string): readonly EmbeddingGolden[] =>
  JSON.parse(readFileSync(new URL(`golden/${name}.json`, root), 'utf8')).items;

export const embedders = ['all-minilm-l6-v2-q8_0', 'synthetic-bert-f32', 'arch-nomic-bert-f32'] as const;

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] ** 2;
    bb += b[i] ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}
