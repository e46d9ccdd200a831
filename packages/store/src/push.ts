/** A push from its first line to its last, in Ollama's words: every blob that the registry lacks, then the manifest. */
import {
  fullName,
  type Layer,
  MEDIA_TYPES,
  type ModelName,
  type Progress,
  parseModelName,
  StatusError,
  type TransferOptions,
} from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';
import { get } from 'idb-keyval';
import { readChunks } from './chunks.ts';
import { type BlobRecord, keyOf } from './database.ts';
import { findModel } from './manifests.ts';
import { openRepository, type Repository } from './registry.ts';
import { registryBase } from './sources/registry.ts';
import type { SourceSettings } from './sources/source.ts';
import { MissingError } from './web.ts';

/** Bytes of one upload request, which are in memory while they are sent. */
const PART_BYTES = 32 << 20;

/** Makes the `push` of a store. */
export function createPush(settings: Omit<SourceSettings, 'models' | 'base'>) {
  const { database } = settings;

  return async function* push(
    name: ModelName,
    transfer: TransferOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<Progress, void> {
    signal?.throwIfAborted();
    yield { status: 'retrieving manifest' };
    const model = await findModel(database, name);
    if (!model) {
      yield { status: "couldn't retrieve manifest" };
      const path = fullName(name).replace(/:(?=[^:]*$)/, '/');
      throw new StatusError(500, `open manifests/${path}: no such file or directory`);
    }
    const base = registryBase(name, settings, transfer);
    if (base === undefined) {
      throw new StatusError(500, `no registry for ${name.host}: set one with install({ registry })`);
    }
    const repository = openRepository(base, name, settings.authorizedFetch(), settings);
    for (const layer of [...model.manifest.layers, model.manifest.config]) {
      const blob = await get<BlobRecord>(keyOf('blob', layer.digest), database);
      if (!blob) throw new StatusError(500, `blob "${layer.digest}" not found`);
      yield* upload(repository, layer, readChunks(database, blob), signal);
    }
    yield { status: 'pushing manifest' };
    await repository.request('PUT', repository.manifestUrl(name.tag), {
      headers: { 'content-type': MEDIA_TYPES.manifest },
      body: JSON.stringify(model.manifest),
      signal,
    });
    yield { status: 'success' };
  };
}

/** Lines of progress while a blob goes up; one line where the registry has it, or takes it over from another repository. */
async function* upload(
  repository: Repository,
  { digest, size, from }: Layer,
  bytes: ByteSource,
  signal?: AbortSignal,
): AsyncGenerator<Progress, void> {
  const line = (completed: number): Progress => ({
    status: `pushing ${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`,
    digest,
    total: size,
    ...(completed > 0 && { completed }),
  });
  if (await isThere(repository, digest, signal)) {
    yield line(size);
    return;
  }
  const begun = await repository.request('POST', `blobs/uploads/${mount(digest, from)}`, { signal });
  if (begun.status === 201) {
    yield line(size);
    return;
  }
  let location = nextUrl(begun);
  if (location === undefined) {
    throw new StatusError(500, 'the registry does not say, or does not let this page read, where to upload');
  }
  for (let offset = 0; offset < size; offset += PART_BYTES) {
    yield line(offset);
    const part = await bytes.read(offset, Math.min(PART_BYTES, size - offset), signal);
    const sent = await repository.request('PATCH', location, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `${offset}-${offset + part.length - 1}`,
      },
      body: part,
      signal,
    });
    location = nextUrl(sent) ?? location;
  }
  const end = new URL(location);
  end.searchParams.append('digest', digest);
  await repository.request('PUT', end.href, { signal });
  yield line(size);
}

async function isThere(repository: Repository, digest: string, signal?: AbortSignal): Promise<boolean> {
  try {
    await repository.request('HEAD', repository.blobUrl(digest), { signal });
    return true;
  } catch (error) {
    if (error instanceof MissingError) return false;
    throw error;
  }
}

/** The query that asks the registry to take a blob over from the model that it came from. */
function mount(digest: string, from: string | undefined): string {
  const source = from === undefined ? undefined : parseModelName(from);
  if (!source) return '';
  return `?${new URLSearchParams({ mount: digest, from: `${source.namespace}/${source.model}` })}`;
}

/** Where the upload goes on. */
function nextUrl({ headers, url }: Response): string | undefined {
  const location = headers.get('docker-upload-location') ?? headers.get('location');
  return location === null ? undefined : new URL(location, url).href;
}
