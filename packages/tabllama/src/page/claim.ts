/** Which URLs are answered by the worker: Ollama's routes on the page's own origin, and everything at some other addresses. */
import { matchesRoute } from '@tabllama/server/routes';

export interface ClaimOptions {
  /** Answer Ollama's routes on the page's own origin (never its `/`, which is the page). Default true. */
  readonly ownOrigin?: boolean;
  /**
   * Other origins, all paths of which are answered, such as `http://localhost:11434`; a path is taken off, as a proxy does: with
   * `/ollama`, Ollama's routes below that path of the page's own origin are answered.
   * Default: that origin and `http://127.0.0.1:11434`, and the same port of the page's own host.
   */
  readonly origins?: readonly string[];
}

/** Where Ollama listens unless told otherwise, as clients spell it. */
const ollamaOrigins = ({ protocol, hostname }: URL) => [
  'http://localhost:11434',
  'http://127.0.0.1:11434',
  ...(protocol.startsWith('http') ? [`http://${hostname}:11434`, `${protocol}//${hostname}:11434`] : []),
];

/**
 * A function that gives a claimed URL as Ollama would have it, and undefined for any other and for what is no URL.
 * Throws TypeError for an origin that is none.
 */
export function createClaim(
  { ownOrigin = true, origins }: ClaimOptions,
  page: URL,
): (url: URL | null) => string | undefined {
  const bases = (origins ?? ollamaOrigins(page)).map(text => toBase(text, page));
  return url => {
    for (const { origin, pathname } of [...bases, new URL('/', page)]) {
      const prefix = pathname.replace(/\/$/, '');
      if (origin !== url?.origin || !url.pathname.startsWith(`${prefix}/`)) continue;
      const path = url.pathname.slice(prefix.length);
      const isOllamas = origin !== page.origin || ((ownOrigin || prefix) && matchesRoute(path));
      if (isOllamas) return origin + path + url.search;
    }
  };
}

function toBase(text: string, page: URL): URL {
  const url = new URL(text, text.startsWith('/') ? page : undefined);
  // `localhost:11434` is a URL, of the scheme `localhost`
  if (url.origin === 'null') throw new TypeError(`origins: ${JSON.stringify(text)} is no origin`);
  return url;
}
