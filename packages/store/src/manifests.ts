/** Installed models: their manifests, the small layers that a manifest names, and the removal of blobs that none names any more. */
import {
  displayName,
  fullName,
  type InstalledModel,
  type Layer,
  type ModelName,
  StatusError,
} from '@tabllama/api';
import { get, promisifyRequest } from 'idb-keyval';
import { readChunks } from './chunks.ts';
import {
  all,
  allPartials,
  type BlobRecord,
  chunksOf,
  type Database,
  derivedFrom,
  keyOf,
  type ManifestRecord,
  type Origin,
  transact,
} from './database.ts';
import {
  blobsOf,
  layersOf,
  parseConfig,
  parseManifest,
  parseMessages,
  parseParameters,
  sizeOf,
} from './manifest.ts';
import { guardQuota } from './quota.ts';
import { Sha256 } from './sha256.ts';

const HOUR_MS = 3_600_000;
/** How long bytes that no manifest names are kept, as one may be on its way: those of a pull, which may be interrupted, for a week. */
const keptMs = (origin?: Origin) => (origin ? 7 * 24 * HOUR_MS : HOUR_MS);

const keyOfName = (name: ModelName) => keyOf('manifest', fullName(name).toLowerCase());

export async function listModels(database: Database): Promise<InstalledModel[]> {
  const records = await database('readonly', store => all(store, 'manifest'));
  records.sort((a, b) => b.modifiedAt - a.modifiedAt);
  // one that cannot be read must not hide all the others
  const models = records.map(record => readModel(database, record).catch(() => []));
  return (await Promise.all(models)).flat();
}

export async function findModel(database: Database, name: ModelName): Promise<InstalledModel | undefined> {
  const record = await get<ManifestRecord>(keyOfName(name), database);
  return record && readModel(database, record);
}

/** Throws StatusError 500 where the manifest or a small layer is unsound or missing. */
async function readModel(database: Database, record: ManifestRecord): Promise<InstalledModel> {
  const manifest = parseManifest(record.text);
  const texts = (layers: readonly Layer[]) => Promise.all(layers.map(layer => readText(database, layer)));
  const ofType = (...types: string[]) => texts(types.flatMap(type => layersOf(manifest, type)));
  const [[config], templates, systems, parameters, messages, licenses] = await Promise.all([
    texts([manifest.config]),
    ofType('prompt', 'template'),
    ofType('system'),
    ofType('params'),
    ofType('messages'),
    ofType('license'),
  ]);
  return {
    name: record.name,
    manifest,
    digest: record.digest,
    size: sizeOf(blobsOf(manifest)),
    modifiedAt: new Date(record.modifiedAt),
    config: parseConfig(config),
    template: templates.at(-1),
    system: systems.at(-1),
    parameters: Object.assign({}, ...parameters.map(parseParameters)),
    messages: messages.flatMap(parseMessages),
    licenses,
    model: layersOf(manifest, 'model').at(0),
  };
}

async function readText(database: Database, layer: Layer): Promise<string> {
  const blob = found(await get<BlobRecord>(keyOf('blob', layer.digest), database), layer);
  return new TextDecoder().decode(await readChunks(database, blob).read(0, blob.size));
}

/** The blob of a layer. Throws StatusError 500 if it is not there, or another. */
function found(blob: BlobRecord | undefined, { digest, size }: Layer): BlobRecord {
  if (!blob) throw new StatusError(500, `blob "${digest}" not found`);
  if (blob.size !== size) throw new StatusError(500, `blob "${digest}" has ${blob.size} bytes, not ${size}`);
  return blob;
}

/**
 * Writes a manifest, whose bytes stay as they are; returns how many blobs went because only the one before it used them.
 * Throws StatusError, and leaves everything as it was, if it is none, or names a blob that is not there or a text that is unsound.
 */
export async function writeManifest(database: Database, name: ModelName, text: string): Promise<number> {
  const named = blobsOf(parseManifest(text));
  const digest = new Sha256().update(new TextEncoder().encode(text)).digest();
  const made: ManifestRecord = { name, text, digest, modifiedAt: Date.now() };
  await readModel(database, made);
  return guardQuota(
    () => ({ needed: text.length, stored: 0 }),
    () =>
      transact(database, async store => {
        for (const layer of named) {
          found(await promisifyRequest(store.get(keyOf('blob', layer.digest))), layer);
        }
        const key = keyOfName(name);
        const before: ManifestRecord | undefined = await promisifyRequest(store.get(key));
        store.put({ ...made, name: before?.name ?? name } satisfies ManifestRecord, key);
        return sweep(store, before);
      }),
  );
}

/** Another name for the same bytes. @throws StatusError 404 if there is no such model */
export async function copyManifest(database: Database, source: ModelName, target: ModelName): Promise<void> {
  const record = await get<ManifestRecord>(keyOfName(source), database);
  if (!record) throw new StatusError(404, `model '${displayName(source)}' not found`);
  await writeManifest(database, target, record.text);
}

/** False if there is no such model. */
export async function deleteManifest(database: Database, name: ModelName): Promise<boolean> {
  return transact(database, async store => {
    const key = keyOfName(name);
    const before: ManifestRecord | undefined = await promisifyRequest(store.get(key));
    if (!before) return false;
    store.delete(key);
    await sweep(store, before);
    return true;
  });
}

/**
 * Drops what `before` alone used, other blobs that nobody has named for long, and downloads that nobody went on with.
 * Returns how many blobs `before` loses.
 */
async function sweep(store: IDBObjectStore, before: ManifestRecord | undefined): Promise<number> {
  const [manifests, blobs, partials] = await Promise.all([
    all(store, 'manifest'),
    all(store, 'blob'),
    allPartials(store),
  ]);
  const used = new Set(
    manifests.flatMap(({ text }) => blobsOf(parseManifest(text)).map(layer => layer.digest)),
  );
  const left = new Set(before && blobsOf(parseManifest(before.text)).map(layer => layer.digest));
  const now = Date.now();
  let dropped = 0;
  for (const { digest, file, createdAt, origin } of blobs) {
    if (used.has(digest) || (!left.has(digest) && createdAt > now - keptMs(origin))) continue;
    store.delete(keyOf('blob', digest));
    store.delete(derivedFrom(digest));
    store.delete(chunksOf(file));
    if (left.has(digest)) dropped++;
  }
  for (const [id, { file, updatedAt, origin }] of partials) {
    if (updatedAt > now - keptMs(origin)) continue;
    store.delete(keyOf('partial', id));
    store.delete(chunksOf(file));
  }
  return dropped;
}
