/** Puts the parts together into a `Store`. */
import { type InstalledModel, StatusError, type Store } from '@tabllama/api';
import { type Gguf, readGguf } from '@tabllama/gguf';
import { get } from 'idb-keyval';
import { readChunks } from './chunks.ts';
import { type BlobRecord, keyOf, openDatabase } from './database.ts';
import { parseDigest } from './digest.ts';
import { deleteManifest, findModel, listModels, writeManifest } from './manifests.ts';
import { createPull } from './pull.ts';
import { putBytes, putStream } from './put-blob.ts';
import { readTable } from './sources.ts';

export interface StoreOptions {
  /**
   * The models that can be pulled by name: URLs of GGUF files, resolved against `base`. A URL may end in `#sha256=` and 64 hex
   * digits; then a file of another digest is refused, and one that is here already is not fetched again.
   */
  readonly models?: Readonly<Record<string, string>>;
  readonly base: string | URL;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** Name of the IndexedDB database. Default `tabllama`. */
  readonly database?: string;
  /**
   * Asks the browser not to evict the data; called once, before the first byte is stored. `navigator.storage.persist` exists only
   * on a page, and a store mostly runs in a worker.
   */
  readonly persist?: () => Promise<unknown>;
}

/** @throws TypeError for an entry of `models` that is no name or no URL */
export function createStore(options: StoreOptions): Store {
  const name = options.database ?? 'tabllama';
  const database = openDatabase(name);
  const pull = createPull(name, readTable(options.models ?? {}, options.base), {
    database,
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    attempts: 6,
    retryMs: 500,
    stallMs: 30_000,
  });
  const headers = new Map<string, WeakRef<Gguf>>();

  let { persist } = options;
  function askToPersist(): void {
    persist?.().catch(() => {}); // refused or not, the bytes can be stored
    persist = undefined;
  }

  async function findBlob(digest: string): Promise<BlobRecord | undefined> {
    return get<BlobRecord>(keyOf('blob', parseDigest(digest)), database);
  }

  async function open({ model, name }: InstalledModel) {
    if (!model) throw new StatusError(400, `model "${name.model}:${name.tag}" has no weights`);
    const blob = await findBlob(model.digest);
    if (!blob) throw new StatusError(500, `blob "${model.digest}" not found`);
    const weights = readChunks(database, blob);
    const gguf = headers.get(blob.digest)?.deref() ?? (await readGguf(weights));
    headers.set(blob.digest, new WeakRef(gguf));
    return { gguf, weights };
  }

  return {
    list: () => listModels(database),
    find: name => findModel(database, name),
    open,
    hasBlob: async digest => (await findBlob(digest)) !== undefined,
    async blob(digest) {
      const blob = await findBlob(digest);
      return blob && readChunks(database, blob);
    },
    putBlob(body, signal) {
      askToPersist();
      return body instanceof Uint8Array ? putBytes(database, body) : putStream(database, body, signal);
    },
    async putManifest(name, manifest) {
      await writeManifest(database, name, manifest);
    },
    delete: name => deleteManifest(database, name),
    pull(source, signal) {
      askToPersist();
      return pull(source, signal);
    },
  };
}
