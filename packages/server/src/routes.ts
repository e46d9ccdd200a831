/**
 * The routes that Ollama has, and nothing else: a leaf without imports, so that a page can ask which requests are Ollama's without
 * loading the server. Methods stand in the order in which `Allow` names them. The list is that of `GenerateRoutes` in ollama/ollama, `server/routes.go`.
 */
export const routes = [
  { path: '/', methods: ['HEAD', 'GET'] },
  { path: '/api/version', methods: ['HEAD', 'GET'] },
  { path: '/api/status', methods: ['GET'] },
  { path: '/api/generate', methods: ['POST'] },
  { path: '/api/chat', methods: ['POST'] },
  { path: '/api/embed', methods: ['POST'] },
  { path: '/api/embeddings', methods: ['POST'] },
  { path: '/api/tags', methods: ['HEAD', 'GET'] },
  { path: '/api/show', methods: ['POST'] },
  { path: '/api/ps', methods: ['GET'] },
  { path: '/api/copy', methods: ['POST'] },
  { path: '/api/delete', methods: ['DELETE'] },
  { path: '/api/blobs/:digest', methods: ['HEAD', 'POST'] },
  { path: '/api/create', methods: ['POST'] },
  { path: '/api/pull', methods: ['POST'] },
  { path: '/api/push', methods: ['POST'] },
  { path: '/api/me', methods: ['POST'] },
  { path: '/api/signout', methods: ['POST'] },
  { path: '/api/user/keys/:encodedKey', methods: ['DELETE'] },
  { path: '/api/experimental/web_search', methods: ['POST'] },
  { path: '/api/experimental/web_fetch', methods: ['POST'] },
  { path: '/api/experimental/model-recommendations', methods: ['GET'] },
  { path: '/v1/chat/completions', methods: ['POST'] },
  { path: '/v1/completions', methods: ['POST'] },
  { path: '/v1/embeddings', methods: ['POST'] },
  { path: '/v1/responses', methods: ['POST'] },
  { path: '/v1/audio/transcriptions', methods: ['POST'] },
  { path: '/v1/models', methods: ['GET'] },
  { path: '/v1/models/:model', methods: ['GET'] },
  { path: '/v1/messages', methods: ['POST'] },
] as const;

export type Route = (typeof routes)[number];
export type RoutePath = Route['path'];

export interface Match {
  readonly route: Route;
  /** What stands where the pattern has a `:name`; empty for a pattern without one. */
  readonly parameter: string;
}

/** The route of a path, percent signs decoded, or undefined. Exact: neither a slash at the end nor a doubled one is forgiven. */
export function matchRoute(pathname: string): Match | undefined {
  const path = decoded(pathname);
  if (path === undefined) return undefined;
  for (const route of routes) {
    const colon = route.path.indexOf(':');
    if (colon < 0) {
      if (path === route.path) return { route, parameter: '' };
    } else if (path.startsWith(route.path.slice(0, colon))) {
      const parameter = path.slice(colon);
      if (parameter !== '' && !parameter.includes('/')) return { route, parameter };
    }
  }
  return undefined;
}

/**
 * True if a path on the page's own origin is Ollama's. `/` is not: that is the page itself. A path with one slash too many at its
 * end is, since Ollama answers it (with a redirect).
 */
export function matchesRoute(pathname: string): boolean {
  return pathname !== '/' && matchRoute(pathname.replace(/(.)\/$/, '$1')) !== undefined;
}

function decoded(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}
