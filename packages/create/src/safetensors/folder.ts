/** The files of a request as a folder: looked up by path, read as JSON. */
import type { Store } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';
import { findBlob } from '../blobs.ts';
import type { Paths } from '../request.ts';

const MAX_TEXT = 1 << 28; // bytes of a file that is read as a whole

export type Json = Readonly<Record<string, unknown>>;

export interface Folder {
  readonly paths: readonly string[];
  has(path: string): boolean;
  /** Throws Error in Ollama's words for a file that is not there. */
  source(path: string): Promise<ByteSource>;
  bytes(path: string): Promise<Uint8Array>;
  text(path: string): Promise<string>;
  /** A JSON of any kind; throws Error that names the file for one that is none. */
  json(path: string): Promise<unknown>;
}

export function openFolder(store: Store, digests: Paths): Folder {
  async function source(path: string): Promise<ByteSource> {
    if (!Object.hasOwn(digests, path)) throw new Error(`open ${path}: no such file or directory`);
    return (await findBlob(store, digests[path])).source;
  }
  async function bytes(path: string): Promise<Uint8Array> {
    const file = await source(path);
    if (file.size > MAX_TEXT) throw new Error(`${path}: ${file.size} bytes, at most ${MAX_TEXT} are read`);
    return file.read(0, file.size);
  }
  const text = async (path: string) => new TextDecoder().decode(await bytes(path));
  return {
    paths: Object.keys(digests).sort(),
    has: path => Object.hasOwn(digests, path),
    source,
    bytes,
    text,
    async json(path) {
      // Python writes numbers that JSON has not; none of them is needed
      const standard = (await text(path)).replaceAll(/"(?:\\.|[^"\\])*"|-?\b(?:Infinity|NaN)\b/g, found =>
        found.startsWith('"') ? found : '0',
      );
      try {
        return JSON.parse(standard);
      } catch (error) {
        throw new Error(`parse ${path}: ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

/** The value as an object, an empty one if it is none. */
export const asObject = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
