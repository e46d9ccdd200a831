/** Vocabularies of `fixtures/` and `models/`, read for tests. */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { brotliDecompressSync } from 'node:zlib';
import { type ByteSource, type GgufValue, readGguf, sourceFromBytes } from '@tabllama/gguf';

const root = new URL('../../../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** Metadata of a GGUF file, `path` relative to the repository; only its header is read, unless it is compressed. */
export async function readMetadata(path: string): Promise<ReadonlyMap<string, GgufValue>> {
  const url = new URL(path, root);
  if (path.endsWith('.br')) {
    const bytes = brotliDecompressSync(readFileSync(url));
    return (await readGguf(sourceFromBytes(bytes))).metadata;
  }
  await using file = await open(url);
  const source: ByteSource = {
    size: (await file.stat()).size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, offset);
      return bytes;
    },
  };
  return (await readGguf(source)).metadata;
}

interface Expected {
  readonly texts: readonly string[];
  readonly qwen35Texts: readonly string[];
  /** By vocabulary, the ids of each text. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

export const expected: Expected = JSON.parse(text('fixtures/vocab/expected.json'));

interface PreTokenized {
  readonly texts: readonly string[];
  /** By `tokenizer.ggml.pre`, the ids of each text in the vocabulary of GPT-2. */
  readonly ids: Readonly<Record<string, readonly (readonly number[])[]>>;
}

export const preTokenized: PreTokenized = JSON.parse(
  brotliDecompressSync(readFileSync(new URL('fixtures/vocab/pre-tokenizers.json.br', root))).toString(),
);

export interface ModelGolden {
  readonly prompt: string;
  readonly promptTokens: readonly number[];
  readonly generated: readonly number[];
  readonly text: string;
}

export const readModelGolden = (name: string): ModelGolden =>
  JSON.parse(text(`fixtures/golden/${name}.json`));

interface SmolGolden {
  readonly prompts: readonly {
    readonly id: string;
    readonly prompt: string;
    readonly promptTokens: readonly number[];
    readonly f32: { readonly generated: readonly number[]; readonly text: string; readonly stop: string };
  }[];
  readonly nll: { readonly text: string; readonly tokens: readonly number[] };
}

export const smolGolden: SmolGolden = JSON.parse(text('fixtures/golden/smollm2-135m-instruct-q4_1.json'));

interface EmbeddingGolden {
  readonly items: readonly { readonly text: string; readonly tokens: readonly number[] }[];
}

export const minilmGolden = (
  JSON.parse(text('fixtures/golden/all-minilm-l6-v2-q8_0.json')) as EmbeddingGolden
).items;
