/** Uploaded blobs, by the digests of a request. */
import { readDigest, StatusError, type Store } from '@tabllama/api';
import type { ByteSource } from '@tabllama/gguf';

export async function isGguf(source: ByteSource): Promise<boolean> {
  return source.size >= 4 && new TextDecoder('latin1').decode(await source.read(0, 4)) === 'GGUF';
}

/** Throws StatusError 500, in Ollama's words where there is no such blob. */
export async function findBlob(store: Store, given: string): Promise<{ digest: string; source: ByteSource }> {
  const digest = readDigest(given);
  if (digest === undefined) throw new StatusError(500, 'invalid digest format');
  const source = await store.blob(digest);
  if (source !== undefined) return { digest, source };
  throw new StatusError(500, `open blobs/${digest.replace(':', '-')}: no such file or directory`);
}
