/**
 * A model in several files, as llama.cpp's `gguf-split` cuts it: each file is a GGUF, the first has the metadata, and the tensors are
 * spread over all of them. The keys `split.no`, `split.count` and `split.tensors.count` say how they belong together.
 */
import { GgufError } from './error.ts';
import type { ByteSource } from './source.ts';
import type { Gguf, TensorInfo } from './types.ts';

/** A header and the bytes of the file that it describes. */
export interface GgufFile {
  readonly gguf: Gguf;
  readonly weights: ByteSource;
}

/** What the name of a file says of its place in a split model, its number from 1; undefined for one that is named otherwise. */
export function splitName(path: string) {
  const [, stem, number, count] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/s.exec(path) ?? [];
  return stem === undefined ? undefined : { stem, number: Number(number), count: Number(count) };
}

/** How many files a model was split into, and which of them this is, from 0; undefined for a whole model. */
export function splitOf({ metadata }: Gguf): { readonly count: number; readonly index: unknown } | undefined {
  const count = metadata.get('split.count');
  if (typeof count !== 'number' || count <= 1) return undefined;
  return { count, index: metadata.get('split.no') };
}

/**
 * All parts of a split model, in any order, as one file: their bytes one after another, and one header over them.
 * @throws GgufError where they are not exactly the parts of one model
 */
export function joinParts(parts: readonly GgufFile[]): GgufFile {
  const ordered = parts.map((_, index) => {
    const part = parts.find(({ gguf }) => splitOf(gguf)?.index === index);
    if (!part) throw new GgufError(`part ${index + 1} of ${parts.length} is missing`);
    return part;
  });
  const [{ gguf: first }] = ordered;
  const tensors = new Map<string, TensorInfo>();
  let start = 0;
  for (const { gguf, weights } of ordered) {
    const count = splitOf(gguf)?.count;
    if (count !== parts.length) throw new GgufError(`${parts.length} parts of a model of ${count}`);
    for (const tensor of gguf.tensors.values()) {
      if (tensors.has(tensor.name)) throw new GgufError(`tensor ${tensor.name} comes twice`);
      tensors.set(tensor.name, { ...tensor, offset: start + tensor.offset });
    }
    start += weights.size;
  }
  const expected = first.metadata.get('split.tensors.count') ?? tensors.size;
  if (expected !== tensors.size) throw new GgufError(`${tensors.size} tensors of a model of ${expected}`);
  const metadata = new Map([...first.metadata].filter(([key]) => !key.startsWith('split.')));
  return {
    gguf: { ...first, metadata, tensors }, // the ranges of the values are those of the first file, which comes first
    weights: concatenate(ordered.map(({ weights }) => weights)),
  };
}

function concatenate(sources: readonly ByteSource[]): ByteSource {
  const size = sources.reduce((sum, source) => sum + source.size, 0);
  return {
    size,
    async read(offset, length, signal) {
      if (offset < 0 || offset + length > size) {
        throw new RangeError(`bytes ${offset} to ${offset + length} of a file of ${size}`);
      }
      const bytes = new Uint8Array(length);
      let start = 0;
      for (const source of sources) {
        const from = Math.max(offset, start);
        const to = Math.min(offset + length, start + source.size);
        if (from < to) {
          const part = await source.read(from - start, to - from, signal);
          if (part.length === length) return part;
          bytes.set(part, from - offset);
        }
        start += source.size;
      }
      return bytes;
    },
  };
}
