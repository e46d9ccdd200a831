/** Installed models: their manifests, the small layers that a manifest names, and the removal of blobs that none names any more. */
import {
  displayName,
  fullName,
  type InstalledModel,
  type Layer,
  type Manifest,
  type Message,
  type ModelConfig,
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
  transact,
} from './database.ts';
import { parseDigest } from './digest.ts';
import { guardQuota } from './quota.ts';
import { Sha256 } from './sha256.ts';

export const MEDIA_TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.ollama.image.',
} as const;

const HOUR_MS = 3_600_000;
/** A blob that no manifest names is kept for so long, as one may be on its way. */
const YOUNG_MS = HOUR_MS;
/** An interrupted pull waits for so long; anything else on its way in that has not moved for an hour is dead. */
const PULL_MS = 7 * 24 * HOUR_MS;

const keyOfName = (name: ModelName) => keyOf('manifest', fullName(name).toLowerCase());
export const MAX_MANIFEST_BYTES = 4 << 20;
const blobsOf = ({ config, layers }: Manifest) => [config, ...layers];

/** A manifest from its text, checked, with digests in their one spelling. Throws StatusError 500 for what is none. */
export function parseManifest(text: string): Manifest {
  let json: { mediaType?: unknown; config?: unknown; layers?: unknown } | null;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new StatusError(500, error instanceof Error ? error.message : String(error), { cause: error });
  }
  const layers = json?.layers ?? [];
  if (!Array.isArray(layers)) throw new StatusError(500, 'the layers of a manifest are no list');
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: readLayer(json?.config),
    layers: layers.map(readLayer),
  };
}

function readLayer(value: unknown): Layer {
  const { mediaType, digest, size, from } = (value ?? {}) as Record<string, unknown>;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !Number.isSafeInteger(size)) {
    throw new StatusError(500, 'a layer of a manifest lacks its mediaType, digest or size');
  }
  return {
    mediaType,
    digest: parseDigest(digest),
    size: size as number,
    ...(typeof from === 'string' && { from }),
  };
}

/** The text under which a manifest of ours is stored. */
export const textOf = (manifest: Manifest) => `${JSON.stringify(manifest)}\n`;

export async function listModels(database: Database): Promise<InstalledModel[]> {
  const records = await database('readonly', store => all(store, 'manifest'));
  records.sort((a, b) => b.modifiedAt - a.modifiedAt);
  return Promise.all(records.map(record => readModel(database, record)));
}

export async function findModel(database: Database, name: ModelName): Promise<InstalledModel | undefined> {
  const record = await get<ManifestRecord>(keyOfName(name), database);
  return record && readModel(database, record);
}

async function readModel(database: Database, record: ManifestRecord): Promise<InstalledModel> {
  const manifest = parseManifest(record.text);
  const ofType = (type: string) =>
    manifest.layers.filter(layer => layer.mediaType === MEDIA_TYPES.layer + type);
  const texts = (layers: readonly Layer[]) =>
    Promise.all(layers.map(layer => readText(database, layer.digest)));
  const [[config], templates, systems, parameters, messages, licenses] = await Promise.all([
    texts([manifest.config]),
    texts([...ofType('prompt'), ...ofType('template')]),
    texts(ofType('system')),
    texts(ofType('params')),
    texts(ofType('messages')),
    texts(ofType('license')),
  ]);
  return {
    name: record.name,
    manifest,
    digest: record.digest,
    size: blobsOf(manifest).reduce((sum, layer) => sum + layer.size, 0),
    modifiedAt: new Date(record.modifiedAt),
    config: JSON.parse(config) as ModelConfig,
    template: templates.at(-1),
    system: systems.at(-1),
    parameters: Object.assign({}, ...parameters.map(text => JSON.parse(text))),
    messages: messages.flatMap(text => JSON.parse(text) as Message[]),
    licenses,
    model: ofType('model').at(0),
  };
}

async function readText(database: Database, digest: string): Promise<string> {
  const blob = await get<BlobRecord>(keyOf('blob', digest), database);
  if (!blob) throw new StatusError(500, `blob ${digest} is missing`);
  return new TextDecoder().decode(await readChunks(database, blob).read(0, blob.size));
}

/**
 * Writes a manifest, whose bytes stay as they are; returns how many blobs went because only the one before it used them.
 * Throws StatusError, and leaves everything as it was, if it is none, or names a blob that is not there.
 */
export async function writeManifest(database: Database, name: ModelName, text: string): Promise<number> {
  const named = blobsOf(parseManifest(text));
  const digest = new Sha256().update(new TextEncoder().encode(text)).digest();
  return guardQuota(
    () => ({ needed: text.length, stored: 0 }),
    () =>
      transact(database, async store => {
        for (const layer of named) {
          const blob: BlobRecord | undefined = await promisifyRequest(store.get(keyOf('blob', layer.digest)));
          if (!blob) throw new StatusError(500, `blob "${layer.digest}" not found`);
          if (blob.size !== layer.size) {
            throw new StatusError(500, `blob "${layer.digest}" has ${blob.size} bytes, not ${layer.size}`);
          }
        }
        const key = keyOfName(name);
        const before: ManifestRecord | undefined = await promisifyRequest(store.get(key));
        const record = { name: before?.name ?? name, text, digest, modifiedAt: Date.now() };
        store.put(record satisfies ManifestRecord, key);
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

/** @throws StatusError 404 if there is no such model */
export async function deleteManifest(database: Database, name: ModelName): Promise<void> {
  await transact(database, async store => {
    const key = keyOfName(name);
    const before: ManifestRecord | undefined = await promisifyRequest(store.get(key));
    if (!before) throw new StatusError(404, `model '${displayName(name)}' not found`);
    store.delete(key);
    return sweep(store, before);
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
  for (const { digest, file, createdAt } of blobs) {
    if (used.has(digest) || (!left.has(digest) && createdAt > now - YOUNG_MS)) continue;
    store.delete(keyOf('blob', digest));
    store.delete(derivedFrom(digest));
    store.delete(chunksOf(file));
    if (left.has(digest)) dropped++;
  }
  for (const [id, { file, updatedAt, origin }] of partials) {
    if (updatedAt > now - (origin ? PULL_MS : HOUR_MS)) continue;
    store.delete(keyOf('partial', id));
    store.delete(chunksOf(file));
  }
  return dropped;
}
