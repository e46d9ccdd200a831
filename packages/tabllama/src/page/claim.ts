/** Which URLs are answered by the worker: Ollama's routes on the page's own origin, and everything on some other origins. */
import { matchesRoute } from '@tabllama/server/routes';

/** Where Ollama listens unless told otherwise, in both spellings that clients use. */
const ollamaOrigins = ['http://localhost:11434', 'http://127.0.0.1:11434'];

export interface ClaimOptions {
  /** Answer Ollama's routes on the page's own origin (never its `/`, which is the page). Default true. */
  readonly ownOrigin?: boolean;
  /**
   * Other origins, all paths of which are answered, such as `http://localhost:11434`.
   * Default: that one and `http://127.0.0.1:11434`.
   */
  readonly origins?: readonly string[];
}

/**
 * A function that says whether a URL is claimed; null, for what is no URL, is not. `pageOrigin` is the page's own.
 * Throws TypeError for an origin that is none.
 */
export function createClaim(
  { ownOrigin = true, origins = ollamaOrigins }: ClaimOptions,
  pageOrigin: string,
): (url: URL | null) => boolean {
  const claimed = new Set(origins.map(origin => new URL(origin).origin));
  return url => {
    if (!url) return false;
    if (url.origin === pageOrigin) return ownOrigin && matchesRoute(url.pathname);
    return claimed.has(url.origin);
  };
}
