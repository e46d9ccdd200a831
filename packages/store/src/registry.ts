/**
 * One repository of a registry that speaks Ollama's protocol, which is that of container registries (OCI distribution): manifests
 * by tag, blobs by digest, uploads in pieces. Errors have Ollama's words.
 */
import { MEDIA_TYPES, type ModelName, StatusError } from '@tabllama/api';
import { type Fetch, MissingError, NetworkError, type RetryOptions, refused, retry, send } from './web.ts';

export interface Repository {
  /** For requests to the registry's blobs, with the token that the repository takes. */
  readonly fetch: Fetch;
  manifestUrl(tag: string): string;
  blobUrl(digest: string): string;
  /** Sends a request until it is answered with less than 400. Relative URLs are those of the repository. */
  request(method: string, url: string, init: RequestInit): Promise<Response>;
}

export const manifestAccept = { accept: MEDIA_TYPES.manifest };

/** `base` is the registry's address; `fetch` knows the tokens. */
export function openRepository(
  base: string,
  { namespace, model }: ModelName,
  fetch: Fetch,
  options: RetryOptions,
): Repository {
  const root = `${base.replace(/\/+$/, '')}/v2/${namespace}/${model}`;
  let reached = false;

  async function attempt(url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await send(fetch, url, init);
    } catch (error) {
      // a server that has answered before is there: the connection broke
      if (reached && error instanceof NetworkError) throw new NetworkError(error.message, { cause: error });
      throw error;
    }
    reached = true;
    if (response.status < 400) return response;
    if (response.status === 404) throw new MissingError();
    if (response.status === 401) throw new StatusError(500, 'unauthorized: access denied');
    throw await refused(response);
  }

  return {
    fetch,
    manifestUrl: tag => `${root}/manifests/${tag}`,
    blobUrl: digest => `${root}/blobs/${digest}`,
    request: (method, url, init) =>
      retry(
        () => attempt(new URL(url, `${root}/`).href, { ...init, method }),
        options,
        init.signal ?? undefined,
      ),
  };
}
