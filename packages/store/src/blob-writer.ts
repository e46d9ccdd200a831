/**
 * A blob on its way in: a stream cut into chunks and hashed as it comes. Nobody sees it before `commit`, which is its last step;
 * `keep` leaves what has come for `resume`.
 */
import { StatusError } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';
import { get, promisifyRequest, setMany } from 'idb-keyval';
import { CHUNK_BYTES, packChunk, readChunks } from './chunks.ts';
import {
  type BlobRecord,
  chunkKey,
  chunksOf,
  type Database,
  keyOf,
  type Origin,
  type PartialRecord,
  transact,
} from './database.ts';
import { guardQuota } from './quota.ts';
import { Sha256 } from './sha256.ts';

export class BlobWriter {
  readonly origin: Origin | undefined;
  readonly #database: Database;
  readonly #id: string;
  readonly #file: string;
  readonly #hash: Sha256;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  /** Chunks that went to the database whole, and bytes in `#chunk` after them. */
  #wholeChunks = 0;
  #tail = 0;
  /** Bytes that are surely in the database. */
  #stored = 0;
  /** The one write under way, so that a chunk is received while the one before it is stored. */
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(database: Database, id: string, file: string, hash: Sha256, origin?: Origin) {
    this.#database = database;
    this.#id = id;
    this.#file = file;
    this.#hash = hash;
    this.origin = origin;
  }

  /** A new blob. `id` names it among those on their way in. */
  static async create(database: Database, id: string, origin?: Origin): Promise<BlobWriter> {
    return new BlobWriter(database, id, crypto.randomUUID(), new Sha256(), origin);
  }

  /** Goes on with what `keep`, or a page that was closed, has left; undefined if there is nothing of use. */
  static async resume(database: Database, id: string): Promise<BlobWriter | undefined> {
    const record = await get<PartialRecord>(keyOf('partial', id), database);
    if (!record) return undefined;
    const { file, size, origin } = record;
    try {
      if (record.chunkBytes !== CHUNK_BYTES) throw new Error(`chunks of ${record.chunkBytes} bytes`);
      const writer = new BlobWriter(database, id, file, Sha256.load(record.hash), origin);
      writer.#wholeChunks = Math.floor(size / CHUNK_BYTES);
      writer.#tail = size % CHUNK_BYTES;
      writer.#chunk.set(await readChunks(database, record).read(size - writer.#tail, writer.#tail));
      writer.#stored = size;
      return writer;
    } catch {
      // written by another version: nothing is lost but a download
      await drop(database, id, file);
      return undefined;
    }
  }

  /** Bytes taken in so far. */
  get size(): number {
    return this.#wholeChunks * CHUNK_BYTES + this.#tail;
  }

  /** The first bytes, at most `count`; of a blob that is still within its first chunk. */
  head(count: number): Uint8Array {
    return this.#chunk.slice(0, Math.min(count, this.#tail));
  }

  /** @throws StatusError 507 when the quota is spent */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const part = bytes.subarray(done, done + CHUNK_BYTES - this.#tail);
      this.#chunk.set(part, this.#tail);
      this.#tail += part.length;
      done += part.length;
      if (this.#tail === CHUNK_BYTES) await this.#storeWholeChunk();
    }
  }

  async #storeWholeChunk(): Promise<void> {
    this.#hash.update(this.#chunk);
    const chunk = packChunk(this.#chunk);
    await this.#writing;
    this.#wholeChunks++;
    this.#tail = 0;
    const { size } = this;
    this.#writing = this.#store(this.#wholeChunks - 1, chunk, size);
    this.#writing.catch(() => {}); // it is thrown by whatever comes next
  }

  /** Writes a chunk and, in the same transaction, the record that counts it: `size` bytes are there. */
  async #store(index: number, chunk: Blob, size: number): Promise<void> {
    const record: PartialRecord = {
      file: this.#file,
      chunkBytes: CHUNK_BYTES,
      size,
      hash: this.#hash.save(),
      updatedAt: Date.now(),
      origin: this.origin,
    };
    await guardQuota(
      () => ({ needed: Math.max(this.origin?.size ?? 0, size), stored: this.#stored }),
      () =>
        setMany(
          [
            [chunkKey(this.#file, index), chunk],
            [keyOf('partial', this.#id), record],
          ],
          this.#database,
        ),
    );
    this.#stored = size;
  }

  /** Resolves when every byte so far is stored, those after the last whole chunk too. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#tail > 0 && this.#stored < this.size) {
      await this.#store(this.#wholeChunks, packChunk(this.#chunk.slice(0, this.#tail)), this.size);
    }
  }

  /** Leaves what has come for `resume`. Nothing can be written after it. */
  async keep(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // where the disk is full, the whole chunks are what is left
    await this.flush().catch(() => {});
  }

  /** Deletes what has come. */
  async discard(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing.catch(() => {});
    await drop(this.#database, this.#id, this.#file);
  }

  /** Ends the stream: its digest, and its bytes, still unseen by others. `commit` or `discard` comes next. */
  async finish(): Promise<{ readonly digest: string; readonly source: ByteSource }> {
    await this.flush();
    const digest = `sha256:${this.#hash.update(this.#chunk.subarray(0, this.#tail)).digest()}`;
    const source = readChunks(this.#database, {
      file: this.#file,
      chunkBytes: CHUNK_BYTES,
      size: this.size,
    });
    return { digest, source };
  }

  /** Makes the blob visible. One that is there already stays, and these bytes go. */
  async commit(digest: string): Promise<BlobRecord & { readonly isNew: boolean }> {
    const { size } = this;
    const file = this.#file;
    const key = keyOf('blob', digest);
    const record = await guardQuota(
      () => ({ needed: size, stored: this.#stored }),
      () =>
        transact(this.#database, async store => {
          const chunks = await promisifyRequest(store.count(chunksOf(file)));
          if (chunks !== Math.ceil(size / CHUNK_BYTES)) {
            throw new StatusError(500, 'parts of a blob were deleted while it was stored');
          }
          const present: BlobRecord | undefined = await promisifyRequest(store.get(key));
          const bytes = present ?? { digest, size, file, chunkBytes: CHUNK_BYTES };
          const record = { ...bytes, createdAt: Date.now(), origin: this.origin ?? present?.origin };
          store.put(record, key);
          store.delete(keyOf('partial', this.#id));
          if (present) store.delete(chunksOf(file));
          return { ...record, isNew: present === undefined };
        }),
    );
    this.#closed = true;
    return record;
  }
}

async function drop(database: Database, id: string, file: string): Promise<void> {
  await transact(database, async store => {
    store.delete(chunksOf(file));
    store.delete(keyOf('partial', id));
  });
}
