/** A pull from its first line to its last, in Ollama's words. */
import { type ModelName, type Progress, StatusError, type TransferOptions } from '@tabllama/api';
import { get } from 'idb-keyval';
import { type BlobRecord, keyOf, type PartialRecord } from './database.ts';
import { type Bytes, type DownloadOptions, download, idOf, type RemoteFile } from './download.ts';
import { withLock } from './lock.ts';
import { findModel, writeManifest } from './manifests.ts';
import { SharedTask } from './shared-task.ts';
import { fileName, nameOf } from './sources/file-url.ts';
import type { FindSource, Offer } from './sources/source.ts';
import { UnreachableError } from './web.ts';

/** How often the progress of another tab is looked at. */
const WATCH_MS = 250;

type Download = SharedTask<Bytes, BlobRecord>;

/** Makes the `pull` of a store. Downloads of one file are shared, also with other tabs. */
export function createPull(name: string, findSource: FindSource, options: DownloadOptions) {
  const { database } = options;
  const downloads = new Map<string, Download>();

  function join(file: RemoteFile): Download {
    const id = idOf(file);
    const running = downloads.get(id);
    if (running && !running.closed) return running;
    const task: Download = new SharedTask((report, signal) =>
      run(file, report, signal).finally(() => {
        if (downloads.get(id) === task) downloads.delete(id);
      }),
    );
    downloads.set(id, task);
    return task;
  }

  /** Downloads when no other tab does; until then, what the other has stored is the progress. */
  async function run(file: RemoteFile, report: (bytes: Bytes) => void, signal: AbortSignal) {
    const id = idOf(file);
    const watch = setInterval(() => {
      get<PartialRecord>(keyOf('partial', id), database).then(
        partial => partial && report({ completed: partial.size, total: partial.origin?.size }),
        () => {}, // it is progress only
      );
    }, WATCH_MS);
    try {
      return await withLock(`${name} pull ${id}`, signal, async () => {
        clearInterval(watch);
        // another tab may have brought it meanwhile
        return (await findBlob(file)) ?? (await download(file, options, report, signal));
      });
    } finally {
      clearInterval(watch);
    }
  }

  async function findBlob({ digest }: RemoteFile): Promise<BlobRecord | undefined> {
    return digest === undefined ? undefined : get<BlobRecord>(keyOf('blob', digest), database);
  }

  async function* fetchMissing(file: RemoteFile, signal?: AbortSignal): AsyncGenerator<Progress, BlobRecord> {
    // the digest of a file behind a URL is known when all of it is there
    const title =
      file.digest === undefined
        ? { status: `pulling ${fileName(file.url)}` }
        : { status: statusOf(file.digest), digest: file.digest };
    const task = join(file);
    for await (const { total = file.size, completed } of task.follow(signal)) {
      yield { ...title, ...(total !== undefined && { total }), ...(completed > 0 && { completed }) };
    }
    return task.result;
  }

  /** The blob of a file; lines of progress while it comes, the last of them with all of its bytes. */
  async function* fetchBlob(file: RemoteFile, signal?: AbortSignal): AsyncGenerator<Progress, BlobRecord> {
    const blob = (await findBlob(file)) ?? (yield* fetchMissing(file, signal));
    const { digest, size } = blob;
    yield { status: statusOf(digest), digest, total: size, completed: size };
    return blob;
  }

  return async function* pull(
    wanted: ModelName | URL,
    transfer: TransferOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Progress, void> {
    signal?.throwIfAborted();
    yield { status: 'pulling manifest' };
    const name = wanted instanceof URL ? nameOf(wanted) : wanted;
    const blobs: BlobRecord[] = [];
    let offer: Offer;
    try {
      offer = await open(findSource, wanted, transfer, signal);
      for (const file of offer.files) blobs.push(yield* fetchBlob(file, signal));
    } catch (error) {
      // without a network an installed model is as good as it can be
      if (!(error instanceof UnreachableError) || !(await findModel(database, name))) throw error;
      yield { status: 'success' };
      return;
    }
    yield { status: 'verifying sha256 digest' };
    const manifest = await offer.manifest(blobs);
    signal?.throwIfAborted();
    yield { status: 'writing manifest' };
    if ((await writeManifest(database, name, manifest)) > 0) yield { status: 'removing unused layers' };
    yield { status: 'success' };
  };
}

/** What the place of a model has. Errors begin as Ollama's do, and have its status. */
async function open(
  findSource: FindSource,
  wanted: ModelName | URL,
  transfer: TransferOptions,
  signal?: AbortSignal,
): Promise<Offer> {
  const lookUp = findSource(wanted, transfer);
  try {
    if (!lookUp) throw new StatusError(500, 'file does not exist');
    return await lookUp(signal);
  } catch (error) {
    signal?.throwIfAborted();
    const message = `pull model manifest: ${error instanceof Error ? error.message : error}`;
    if (error instanceof UnreachableError) throw new UnreachableError(message, { cause: error });
    throw new StatusError(500, message, { cause: error });
  }
}

const statusOf = (digest: string) => `pulling ${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
