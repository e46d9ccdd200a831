/** Ollama's HTTP API as a function: a Request in, a Response out. */
import type { Engine, Store } from '@tabllama/api';
import type { Context } from './endpoint.ts';
import { endpoints } from './endpoints/index.ts';
import { createRemotes, type RemoteOptions } from './remote/remotes.ts';
import { errorResponse, respond } from './responses.ts';
import { matchRoute } from './routes.ts';
import { createScheduler } from './scheduler.ts';

export interface ServerOptions {
  /** The first that supports a model runs it. */
  readonly engines: readonly Engine[];
  readonly store: Store;
  /** What `/api/version` says: the Ollama release whose API this is. */
  readonly version?: string;
  /** Requests that may wait for a model; the next one is answered with 503. */
  readonly maxQueue?: number;
  /** Milliseconds that a model stays loaded after its last use, where no request says otherwise. */
  readonly keepAliveMs?: number;
  /** Other servers that models may run on. */
  readonly remote?: RemoteOptions;
}

export interface Server extends AsyncDisposable {
  /** Answers a request. Rejects only as `fetch` does: with the reason of the request's signal. */
  fetch(request: Request): Promise<Response>;
}

export function createServer({
  engines,
  store,
  version = '0.33.0',
  maxQueue = 512,
  keepAliveMs = 5 * 60_000,
  remote,
}: ServerOptions): Server {
  const remotes = createRemotes(store, remote);
  const scheduler = createScheduler({ engines, maxQueue, keepAliveMs });
  return {
    async fetch(request) {
      const startedMs = performance.now();
      request.signal.throwIfAborted();
      const { pathname, search } = new URL(request.url);
      const match = matchRoute(pathname);
      if (pathname.includes('//')) return redirect(request, pathname.replace(/\/+/g, '/') + search, 307);
      if (match === undefined) return elsewhere(request, pathname, search);
      const methods: readonly string[] = match.route.methods;
      if (!methods.includes(request.method)) {
        const allow = methods.join(', ');
        return forHead(
          request,
          respond('405 method not allowed', 405, { allow, 'content-type': 'text/plain' }),
        );
      }
      const { parameter } = match;
      const context: Context = {
        request,
        parameter,
        store,
        scheduler,
        remotes,
        version,
        startedMs,
      };
      try {
        return forHead(request, await endpoints[match.route.path](context));
      } catch (error) {
        request.signal.throwIfAborted();
        return forHead(request, errorResponse(error));
      }
    },
    [Symbol.asyncDispose]: () => scheduler[Symbol.asyncDispose](),
  };
}

/** No such path; but where only a slash at the end is too much, the way to the right one. */
function elsewhere(request: Request, pathname: string, search: string): Response {
  const path = pathname.replace(/\/$/, '');
  const methods: readonly string[] = matchRoute(path)?.route.methods ?? [];
  if (!methods.includes(request.method)) {
    return forHead(request, respond('404 page not found', 404, { 'content-type': 'text/plain' }));
  }
  return redirect(request, path + search, request.method === 'GET' ? 301 : 307);
}

/** The way to another path, as Go's `http.Redirect` says it. */
function redirect(request: Request, location: string, status: 301 | 307): Response {
  if (request.method !== 'GET' && request.method !== 'HEAD') return respond('', status, { location });
  const text = status === 301 ? 'Moved Permanently' : 'Temporary Redirect';
  const html = `<a href="${location.replaceAll('&', '&amp;')}">${text}</a>.\n\n`;
  const headers = { location, 'content-type': 'text/html; charset=utf-8' };
  return forHead(request, respond(html, status, headers));
}

function forHead(request: Request, response: Response): Response {
  return request.method === 'HEAD' ? new Response(null, response) : response;
}
