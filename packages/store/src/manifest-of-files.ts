/** A manifest for GGUF files that came without one, with its config written as a blob. */
import { type Layer, MEDIA_TYPES, modelConfig } from '@tabllama/api';

import type { BlobRecord, Database } from './database.ts';
import { textOf } from './manifest.ts';
import { putLayer } from './put-blob.ts';
import { openWeights } from './weights.ts';

/** The text of the manifest of a model whose weights are these blobs, one or all parts of one; `texts` are its other layers. */
export async function describeFiles(
  database: Database,
  blobs: readonly BlobRecord[],
  texts: readonly Layer[] = [],
): Promise<string> {
  const { gguf } = await openWeights(database, blobs);
  const layers: Layer[] = [
    ...blobs.map(({ digest, size }) => ({ mediaType: `${MEDIA_TYPES.layer}model`, digest, size })),
    ...texts,
  ];
  const bytes = new TextEncoder().encode(`${JSON.stringify(modelConfig(gguf))}\n`);
  return textOf({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: await putLayer(database, MEDIA_TYPES.config, bytes),
    layers,
  });
}
