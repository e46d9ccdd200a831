/** Bytes from the page into the store, under their true digest. */
import type { Layer } from '@tabllama/api';
import { BlobWriter } from './blob-writer.ts';
import type { Database } from './database.ts';

export interface StoredBlob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly isNew: boolean;
}

export const putBytes = (database: Database, bytes: Uint8Array): Promise<StoredBlob> =>
  put(database, writer => writer.write(bytes));

/** The same as a layer of a manifest. */
export async function putLayer(database: Database, mediaType: string, bytes: Uint8Array): Promise<Layer> {
  const { digest, size } = await putBytes(database, bytes);
  return { mediaType, digest, size };
}

/** The stream is cancelled when the signal aborts or the store fails; then nothing of it stays. */
export function putStream(
  database: Database,
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<StoredBlob> {
  return put(database, async writer => {
    const reader = body.getReader();
    const stop = () => void reader.cancel(signal?.reason).catch(() => {});
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for (;;) {
        signal?.throwIfAborted();
        const { done, value } = await reader.read();
        if (done) break;
        await writer.write(value);
      }
      signal?.throwIfAborted();
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  });
}

async function put(database: Database, fill: (writer: BlobWriter) => Promise<void>): Promise<StoredBlob> {
  const writer = await BlobWriter.create(database, `upload ${crypto.randomUUID()}`);
  try {
    await fill(writer);
    const { digest } = await writer.finish();
    const { size, isNew } = await writer.commit(digest);
    return { digest, size, isNew };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
