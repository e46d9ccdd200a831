/** Uploaded files: what they are a set of, and finding them. Source: `server/create.go` in ollama/ollama. */
import { StatusError, type Store } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';
import { type Base, emptyConfig } from './base.ts';
import { baseOfGguf } from './gguf-files.ts';
import type { Paths } from './request.ts';

/** The models that the files of a request are, by their names' endings, else by their first bytes. */
export async function* baseOfFiles(store: Store, paths: Paths): AsyncGenerator<object, Base, undefined> {
  const names = Object.keys(paths);
  if (names.some(path => path.endsWith('.safetensors'))) {
    throw new StatusError(501, 'converting safetensors is not supported: use a GGUF of the model');
  }
  if (!names.some(path => path.endsWith('.gguf')) && !(await hasGguf(store, paths))) {
    throw new StatusError(400, 'unknown type');
  }
  return { ...(yield* baseOfGguf(store, paths)), config: emptyConfig, isNew: true };
}

async function hasGguf(store: Store, paths: Paths): Promise<boolean> {
  for (const digest of Object.values(paths)) {
    const source = isDigest(digest) ? await store.blob(digest) : undefined;
    if (source && (await isGguf(source))) return true;
  }
  return false;
}

const isDigest = (text: string) => /^sha256[:-][0-9a-f]{64}$/i.test(text);

export async function isGguf(source: ByteSource): Promise<boolean> {
  return source.size >= 4 && new TextDecoder('latin1').decode(await source.read(0, 4)) === 'GGUF';
}

/** An uploaded file by the digest of a request. Throws StatusError 500. */
export async function findBlob(store: Store, given: string): Promise<{ digest: string; source: ByteSource }> {
  if (!isDigest(given)) throw new StatusError(500, 'invalid digest format');
  const digest = given.toLowerCase().replace('sha256-', 'sha256:');
  const source = await store.blob(digest);
  if (source !== undefined) return { digest, source };
  throw new StatusError(500, `open blobs/${digest.replace(':', '-')}: no such file or directory`);
}
