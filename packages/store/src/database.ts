/**
 * Everything that is kept, in one object store of IndexedDB behind idb-keyval, under keys that are arrays: `['blob', digest]`,
 * `['manifest', name]`, `['partial', id]`, `['allowed', origin]`, `['derived', digest, form]` and `['chunk', file, index]`. One object store,
 * so that whatever belongs together is written in one transaction, which no other tab can come between.
 */
import type { ModelName } from '@tabllama/api';
import { createStore, promisifyRequest, type UseStore } from 'idb-keyval';

export type Database = UseStore;

/** A complete, verified blob. Its bytes are the chunks of `file`. */
export interface BlobRecord extends ChunkedFile {
  readonly digest: string;
  /** Milliseconds since the epoch when it was last put. */
  readonly createdAt: number;
  /** Where it was downloaded from, for a blob that was. */
  readonly origin?: Origin;
}

export interface ManifestRecord {
  readonly name: ModelName;
  /** The manifest as bytes of JSON would be; its sha256 is `digest`, 64 hex digits. */
  readonly text: string;
  readonly digest: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

/** A blob on its way in: as much of it as is stored, and what is needed to go on. */
export interface PartialRecord extends ChunkedFile {
  /** State of the SHA-256 after the whole chunks; a shorter last chunk is not in it. */
  readonly hash: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  readonly origin?: Origin;
}

/** Bytes cut into chunks, all but the last of `chunkBytes`. */
export interface ChunkedFile {
  /** A unique id. */
  readonly file: string;
  readonly chunkBytes: number;
  /** Length in bytes. */
  readonly size: number;
}

/** A file on a server, as the server described it. */
export interface Origin extends FileVersion {
  readonly url: string;
}

/** Two answers with one validator and one size carry the same bytes; without a validator nothing is known. */
export interface FileVersion {
  /** Length in bytes. */
  readonly size?: number;
  readonly validator?: string;
}

type Kind = 'blob' | 'manifest' | 'partial' | 'allowed';

export const openDatabase = (name: string): Database => createStore(name, 'records');

export const keyOf = (kind: Kind, id: string): IDBValidKey => [kind, id];
export const derivedKey = (digest: string, form: string): IDBValidKey => ['derived', digest, form];
export const chunkKey = (file: string, index: number): IDBValidKey => ['chunk', file, index];

/** All keys that begin with these parts: an array sorts behind every string and number. */
const beginningWith = (...parts: string[]) => IDBKeyRange.bound(parts, [...parts, []]);

/** Keys of all chunks of a file. */
export const chunksOf = (file: string) => beginningWith('chunk', file);

/** Keys of all that was derived from a blob. */
export const derivedFrom = (digest: string) => beginningWith('derived', digest);

/** Every record of a kind. */
export async function all(store: IDBObjectStore, kind: 'blob'): Promise<BlobRecord[]>;
export async function all(store: IDBObjectStore, kind: 'manifest'): Promise<ManifestRecord[]>;
export async function all(store: IDBObjectStore, kind: Kind): Promise<unknown[]> {
  return promisifyRequest(store.getAll(beginningWith(kind)));
}

/** The same with their ids. */
export async function allPartials(store: IDBObjectStore): Promise<[id: string, PartialRecord][]> {
  const range = beginningWith('partial');
  const [keys, records] = await Promise.all([
    promisifyRequest(store.getAllKeys(range)),
    promisifyRequest(store.getAll(range)),
  ]);
  return keys.map((key, i) => [(key as string[])[1], records[i]]);
}

/** Runs `work` in one transaction: all that it writes is kept, or, if it throws, nothing. */
export function transact<T>(database: Database, work: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  return database('readwrite', async store => {
    const committed = promisifyRequest(store.transaction);
    committed.catch(() => {}); // it is awaited below, or `work` has failed first
    try {
      const result = await work(store);
      await committed;
      return result;
    } catch (error) {
      abort(store.transaction);
      throw error;
    }
  });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // it had ended by itself
  }
}
