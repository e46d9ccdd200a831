/** A model's weights in the store: one GGUF, or all parts of a split one. */
import { StatusError } from '@tabllama/api';
import { GgufError, type GgufFile, joinParts, readGguf, splitOf } from '@tabllama/gguf';
import { type ReadChunk, readChunks } from './chunks.ts';
import type { BlobRecord, Database } from './database.ts';

/** `blobs` is at least one. Throws StatusError 500 where they are no parts of one model. */
export async function openWeights(
  database: Database,
  blobs: readonly BlobRecord[],
  readChunk?: ReadChunk,
): Promise<GgufFile> {
  const parts = await Promise.all(
    blobs.map(async blob => {
      const weights = readChunks(database, blob, readChunk);
      return { gguf: await readGguf(weights), weights };
    }),
  );
  if (!splitOf(parts[0].gguf)) return parts[0];
  try {
    return joinParts(parts);
  } catch (error) {
    if (error instanceof GgufError) throw new StatusError(500, error.message, { cause: error });
    throw error;
  }
}
