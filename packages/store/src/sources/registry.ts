/** Registries that speak Ollama's protocol: `registry.ollama.ai` and its mirrors, and every other host that a name begins with. */
import { defaultHost, type ModelName, readText, StatusError } from '@tabllama/api';
import type { RemoteFile } from '../download.ts';
import { parseManifest } from '../manifest.ts';
import { manifestAccept, openRepository } from '../registry.ts';
import type { FindSource, SourceSettings } from './source.ts';

const MAX_MANIFEST_BYTES = 4 << 20;

export function registry(settings: SourceSettings): FindSource {
  return (wanted, options) => {
    if (wanted instanceof URL) return undefined;
    const base = registryBase(wanted, settings, options);
    // Ollama's own registry lets no page read it: it is asked where the page's author says how
    if (base === undefined) return undefined;
    return async signal => {
      const repository = openRepository(base, wanted, settings.authorizedFetch(), settings);
      const url = repository.manifestUrl(wanted.tag);
      const response = await repository.request('GET', url, { headers: manifestAccept, signal });
      const text = await readText(response, MAX_MANIFEST_BYTES);
      const { layers, config } = parseManifest(text);
      if (layers.some(layer => layer.mediaType.endsWith('.image.tensor'))) {
        throw new StatusError(500, 'this model requires MLX support, but the MLX runtime is not available');
      }
      const files = [...layers, config].map(
        ({ digest, size }): RemoteFile => ({
          url: repository.blobUrl(digest),
          fetch: repository.fetch,
          digest,
          size,
          kind: 'blob',
        }),
      );
      return { files, manifest: async () => text };
    };
  };
}

/** The address of the registry that has a name; undefined for Ollama's own where the page's author gives none. */
export function registryBase(
  { host }: ModelName,
  { registries }: Pick<SourceSettings, 'registries'>,
  { insecure }: { readonly insecure?: boolean },
): string | undefined {
  const known = registries.get(host.toLowerCase());
  if (known !== undefined || host.toLowerCase() === defaultHost) return known;
  return `${insecure ? 'http' : 'https'}://${host}`;
}
