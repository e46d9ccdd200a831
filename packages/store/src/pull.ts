/** A pull from its first line to its last, in Ollama's words. */
import { type Layer, type Manifest, type ModelName, modelConfig, type Progress } from '@tabllama/api';
import { readGguf } from '@tabllama/gguf';
import { get } from 'idb-keyval';
import { readChunks } from './chunks.ts';
import { type BlobRecord, type Database, keyOf, type PartialRecord } from './database.ts';
import { type Bytes, type DownloadOptions, download, type Source } from './download.ts';
import { withLock } from './lock.ts';
import { findModel, MEDIA_TYPES, writeManifest } from './manifests.ts';
import { putBytes } from './put-blob.ts';
import { NetworkError } from './request-file.ts';
import { SharedTask } from './shared-task.ts';
import { type FindSource, fileName } from './sources.ts';

/** How often the progress of another tab is looked at. */
const WATCH_MS = 250;

type Download = SharedTask<Bytes, BlobRecord>;

/** Makes the `pull` of a store. Downloads of one file are shared, also with other tabs. */
export function createPull(name: string, findSource: FindSource, options: DownloadOptions) {
  const { database } = options;
  const downloads = new Map<string, Download>();

  function join(source: Source): Download {
    const running = downloads.get(source.url);
    if (running && !running.closed) return running;
    const task: Download = new SharedTask((report, signal) =>
      run(source, report, signal).finally(() => {
        if (downloads.get(source.url) === task) downloads.delete(source.url);
      }),
    );
    downloads.set(source.url, task);
    return task;
  }

  /** Downloads when no other tab does; until then, what the other has stored is the progress. */
  async function run(source: Source, report: (bytes: Bytes) => void, signal: AbortSignal) {
    const watch = setInterval(async () => {
      const partial = await get<PartialRecord>(keyOf('partial', source.url), database);
      if (partial) report({ completed: partial.size, total: partial.origin?.size });
    }, WATCH_MS);
    try {
      return await withLock(`${name} pull ${source.url}`, signal, () => {
        clearInterval(watch);
        return download(source, options, report, signal);
      });
    } finally {
      clearInterval(watch);
    }
  }

  /** The blob of a source; lines of progress while it comes. */
  async function* fetchBlob(source: Source, signal?: AbortSignal): AsyncGenerator<Progress, BlobRecord> {
    const { digest } = source;
    const present = digest && (await get<BlobRecord>(keyOf('blob', digest), database));
    if (present) return present;
    // the digest of a file behind a URL is known when all of it is there
    const title = digest
      ? { status: statusOf(digest), digest }
      : { status: `pulling ${fileName(source.url)}` };
    const task = join(source);
    for await (const { total, completed } of task.follow(signal)) {
      yield { ...title, ...(total !== undefined && { total }), ...(completed > 0 && { completed }) };
    }
    return task.result;
  }

  return async function* pull(wanted: ModelName | URL, signal?: AbortSignal): AsyncGenerator<Progress, void> {
    signal?.throwIfAborted();
    yield { status: 'pulling manifest' };
    const source = findSource(wanted);
    let blob: BlobRecord;
    try {
      blob = yield* fetchBlob(source, signal);
    } catch (error) {
      // without a network an installed model is as good as it can be
      if (!(error instanceof NetworkError) || !(await findModel(database, source.name))) throw error;
      yield { status: 'success' };
      return;
    }
    const { digest, size } = blob;
    yield { status: statusOf(digest), digest, total: size, completed: size };
    yield { status: 'verifying sha256 digest' };
    const manifest = await describe(database, blob);
    signal?.throwIfAborted();
    yield { status: 'writing manifest' };
    if ((await writeManifest(database, source.name, manifest)) > 0)
      yield { status: 'removing unused layers' };
    yield { status: 'success' };
  };
}

const statusOf = (digest: string) => `pulling ${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;

/** The manifest of a model that is one GGUF, with its config blob written. */
async function describe(database: Database, blob: BlobRecord): Promise<Manifest> {
  const { digest, size } = blob;
  const config = modelConfig(await readGguf(readChunks(database, blob)), [digest]);
  const bytes = new TextEncoder().encode(`${JSON.stringify(config)}\n`);
  const layer: Layer = { mediaType: `${MEDIA_TYPES.layer}model`, digest, size };
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, ...(await putBytes(database, bytes)) },
    layers: [layer],
  };
}
