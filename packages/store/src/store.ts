/** Puts the parts together into a `Store`. */
import { type Derived, defaultHost, type InstalledModel, StatusError, type Store } from '@tabllama/api';
import type { ByteSource, Gguf } from '@tabllama/gguf';
import { get, set } from 'idb-keyval';
import { type FindToken, withTokens } from './access.ts';
import { createReadChunk, type ReadChunk, readChunks } from './chunks.ts';
import { type BlobRecord, keyOf, openDatabase } from './database.ts';
import { createDerived } from './derived.ts';
import { parseDigest, textOf } from './manifest.ts';
import { copyManifest, deleteManifest, findModel, listModels, writeManifest } from './manifests.ts';
import { createPull } from './pull.ts';
import { createPush } from './push.ts';
import { putBytes, putStream } from './put-blob.ts';
import { isWeb } from './sources/file-url.ts';
import { createFindSource } from './sources/index.ts';
import type { Fetch } from './web.ts';
import { openWeights } from './weights.ts';

export interface StoreOptions {
  /**
   * The models that can be pulled by name: URLs of GGUF files, resolved against `base`. A URL may end in `#sha256=` and 64 hex
   * digits; then a file of another digest is refused, and one that is here already is not fetched again.
   */
  readonly models?: Readonly<Record<string, string>>;
  readonly base: string | URL;
  /**
   * Where registries are that speak Ollama's protocol: one address for names without a host, or addresses by the host of the name,
   * `hf.co` for Hugging Face included. A host that is not named here is asked itself, but for Ollama's own registry.
   */
  readonly registry?: string | Readonly<Record<string, string>>;
  /** The page's token for a host that answers with 401, where it has one. */
  readonly findToken?: FindToken;
  /** Milliseconds before a failed request is sent again; each later time it is twice as long. Default 500. */
  readonly retryMs?: number;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
  /** Name of the IndexedDB database. Default `tabllama`. */
  readonly database?: string;
  /**
   * Asks the browser not to evict the data; called once, before the first byte is stored. `navigator.storage.persist` exists only
   * on a page, and a store mostly runs in a worker.
   */
  readonly persist?: () => Promise<unknown>;
  /** Reads chunks of models that are used, as `openReadChunk` for the same database does; that on another thread, say. Default: that. */
  readonly readChunk?: ReadChunk;
}

const defaultName = 'tabllama';

/** @param name of the database, as in `StoreOptions` */
export const openReadChunk = (name = defaultName): ReadChunk => createReadChunk(openDatabase(name));

/** @throws TypeError for an entry of `models` that is no name or no URL, and a registry that is no URL */
export function createStore(options: StoreOptions): Store & { readonly derived: Derived } {
  const name = options.database ?? defaultName;
  const database = openDatabase(name);
  const fetch: Fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const { models = {}, base, findToken = async () => undefined } = options;
  const retries = { attempts: 6, retryMs: options.retryMs ?? 500 };
  const settings = {
    ...retries,
    database,
    models,
    base,
    registries: readRegistries(options.registry ?? {}, base),
    authorizedFetch: () => withTokens(fetch, findToken),
  };
  const pull = createPull(name, createFindSource(settings), { ...retries, database, stallMs: 30_000 });
  const push = createPush(settings);
  /** Headers by the files that they are in, and the bytes that belong to a header. */
  const headers = new Map<string, WeakRef<Gguf>>();
  const bytes = new WeakMap<Gguf, ByteSource>();

  let { persist } = options;
  function askToPersist(): void {
    persist?.().catch(() => {}); // refused or not, the bytes can be stored
    persist = undefined;
  }

  async function findBlob(digest: string): Promise<BlobRecord | undefined> {
    return get<BlobRecord>(keyOf('blob', parseDigest(digest)), database);
  }

  async function open({ manifest, model, name }: InstalledModel) {
    if (!model) throw new StatusError(400, `model "${name.model}:${name.tag}" has no weights`);
    const layers = manifest.layers.filter(({ mediaType }) => mediaType === model.mediaType);
    const blobs = await Promise.all(
      layers.map(async ({ digest }) => {
        const blob = await findBlob(digest);
        if (!blob) throw new StatusError(500, `blob "${digest}" not found`);
        return blob;
      }),
    );
    const files = blobs.map(({ file }) => file).join();
    const known = headers.get(files)?.deref();
    const { gguf, weights } = known
      ? { gguf: known, weights: bytes.get(known)! }
      : await openWeights(database, blobs, options.readChunk);
    for (const [key, ref] of headers) if (!ref.deref()) headers.delete(key);
    headers.set(files, new WeakRef(gguf));
    bytes.set(gguf, weights);
    return { gguf, weights };
  }

  return {
    derived: createDerived(database),
    list: () => listModels(database),
    find: name => findModel(database, name),
    open,
    isAllowed: async origin => (await get<boolean>(keyOf('allowed', origin), database)) === true,
    allow: origin => set(keyOf('allowed', origin), true, database),
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
      await writeManifest(database, name, textOf(manifest));
    },
    copy: (source, target) => copyManifest(database, source, target),
    delete: name => deleteManifest(database, name),
    pull(source, options, signal) {
      askToPersist();
      return pull(source, options, signal);
    },
    push,
  };
}

/** Registries by host, in lower case; a single address is that of the names without a host. */
function readRegistries(
  registry: string | Readonly<Record<string, string>>,
  base: string | URL,
): ReadonlyMap<string, string> {
  const entries = typeof registry === 'string' ? [[defaultHost, registry]] : Object.entries(registry);
  return new Map(
    entries.map(([host, address]) => {
      const url = URL.parse(address, base);
      if (!url || !isWeb(url)) throw new TypeError(`registry: ${JSON.stringify(address)} is no URL`);
      return [host.toLowerCase(), url.href.replace(/\/+$/, '')];
    }),
  );
}
