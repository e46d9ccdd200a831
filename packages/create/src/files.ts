/** What uploaded files are a set of. Source: `server/create.go` in ollama/ollama. */
import { readDigest, StatusError, type Store } from '@tabllama/api';
import { type Base, emptyConfig } from './base.ts';
import { isGguf } from './blobs.ts';
import { baseOfGguf } from './gguf-files.ts';
import type { Paths } from './request.ts';
import { convertSafetensors } from './safetensors/convert.ts';
import { openFolder } from './safetensors/folder.ts';

/** The models that the files of a request are, by their names' endings, else by their first bytes. */
export async function* baseOfFiles(
  store: Store,
  paths: Paths,
  signal: AbortSignal,
): AsyncGenerator<object, Base, undefined> {
  const names = Object.keys(paths);
  if (isSafetensors(paths)) {
    yield { status: 'converting model' };
    const model = await convertSafetensors(openFolder(store, paths), signal);
    return { models: [model], layers: [], config: emptyConfig, isNew: true };
  }
  if (!names.some(path => path.endsWith('.gguf')) && !(await hasGguf(store, paths))) {
    throw new StatusError(400, 'unknown type');
  }
  return { ...(yield* baseOfGguf(store, paths)), config: emptyConfig, isNew: true };
}

export const isSafetensors = (paths: Paths): boolean =>
  Object.keys(paths).some(path => path.endsWith('.safetensors'));

async function hasGguf(store: Store, paths: Paths): Promise<boolean> {
  for (const digest of Object.values(paths)) {
    const source = readDigest(digest) ? await store.blob(digest) : undefined;
    if (source && (await isGguf(source))) return true;
  }
  return false;
}
