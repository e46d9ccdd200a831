/** Bytes of a file in IndexedDB: how one chunk is kept, and reading a file by chunks and by ranges. */
import { StatusError } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';
import { get } from 'idb-keyval';
import { type ChunkedFile, chunkKey, type Database } from './database.ts';
import { sleep } from './sleep.ts';

/** Length of all chunks but the last. Files written with another length stay readable. */
export const CHUNK_BYTES = 4 << 20;

/**
 * What lies in IndexedDB for a chunk: a Blob, of which a part can be read without the rest coming into memory. In Chromium, 24 of
 * them are read at 0.56 GB/s and written at 0.18 to 0.24; as ArrayBuffers at 0.35 and 0.17.
 */
type Chunk = Blob;
export const packChunk = (bytes: Uint8Array<ArrayBuffer>): Chunk => new Blob([bytes]);

/**
 * Reads a whole chunk, undefined where there is none.
 * @param memory for its bytes, where it is as long; it is the caller's no more
 */
export type ReadChunk = (
  file: string,
  index: number,
  memory?: ArrayBuffer,
) => Promise<ArrayBuffer | undefined>;

export function createReadChunk(database: Database): ReadChunk {
  return async (file, index, memory) => {
    const chunk = await get<Chunk>(chunkKey(file, index), database);
    if (!chunk) return undefined;
    // what `arrayBuffer()` gives lay in two places before
    const given = memory?.byteLength === chunk.size ? memory : new ArrayBuffer(chunk.size);
    // older browsers have no streams that fill memory, and in Chromium some were seen never to end
    const filled = await Promise.race([fill(given, chunk).catch(() => {}), sleep(STALL_MS)]);
    return filled ?? chunk.arrayBuffer();
  };
}

/** Milliseconds for a chunk to come by a stream. */
const STALL_MS = 2000;

/** The memory with the bytes of the chunk. Rejects where streams do not fill memory. */
async function fill(memory: ArrayBuffer, chunk: Chunk): Promise<ArrayBuffer> {
  const reader = chunk.stream().getReader({ mode: 'byob' });
  let filled = memory;
  for (let at = 0; at < chunk.size; ) {
    const { value } = await reader.read(new Uint8Array(filled, at));
    if (!value?.length) throw new Error('the stream of a chunk ends before the chunk');
    filled = value.buffer;
    at += value.length;
  }
  return filled;
}

/**
 * A file by ranges; the chunk read last in parts is kept at hand. Rejects with StatusError 500 if the file has been deleted meanwhile.
 * @param readChunk for chunks that are read whole
 */
export function readChunks(
  database: Database,
  { file, chunkBytes, size }: ChunkedFile,
  readChunk = createReadChunk(database),
): ByteSource {
  let last: { readonly index: number; readonly chunk: Chunk } | undefined;

  async function readPart(index: number, start: number, end: number): Promise<ArrayBuffer | undefined> {
    if (last?.index !== index) {
      const chunk = await get<Chunk>(chunkKey(file, index), database);
      if (!chunk) return undefined;
      last = { index, chunk };
    }
    return last.chunk.slice(start, end).arrayBuffer();
  }

  return {
    size,
    async read(offset, length, signal, memory) {
      if (offset < 0 || offset + length > size) {
        throw new RangeError(`bytes ${offset} to ${offset + length} of a blob of ${size}`);
      }
      let bytes: Uint8Array<ArrayBuffer> | undefined;
      for (let done = 0; done < length; ) {
        signal?.throwIfAborted();
        const index = Math.floor((offset + done) / chunkBytes);
        const start = offset + done - index * chunkBytes;
        const count = Math.min(chunkBytes - start, length - done);
        // slicing alone takes Chromium a millisecond
        const isWhole = count === Math.min(chunkBytes, size - index * chunkBytes);
        const part = await (isWhole ? readChunk(file, index, memory) : readPart(index, start, start + count));
        if (!part) throw new StatusError(500, 'a blob was deleted while it was read');
        if (part.byteLength !== count) throw new StatusError(500, `chunk ${index} of a blob is damaged`);
        if (count === length) return new Uint8Array(part);
        bytes ??= new Uint8Array(length);
        bytes.set(new Uint8Array(part), done);
        done += count;
      }
      return bytes ?? new Uint8Array(0);
    },
  };
}
