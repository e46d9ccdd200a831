/** The worker's end of the wire: records and ports become a `Request`, and a `Response` becomes records and ports. */
import { transfer } from 'comlink';
import { cancelSignal, receiveBody, sendBody } from './body.ts';
import type { RequestMessage, WorkerApi } from './message.ts';

/** As many redirects as the Fetch standard follows. */
const redirectLimit = 20;
const redirects = [301, 302, 303, 307, 308];

/** What the worker exposes as `fetch`: `fetch` is the server, a function of a `Request`. */
export function serveRequests(fetch: (request: Request) => Promise<Response>): WorkerApi['fetch'] {
  return async message => {
    const signal = cancelSignal(message.answer);
    const request = await toRequest(message, signal);
    const { response, url } = await follow(fetch, request).finally(() => {
      // A body that nobody read: its sender learns that it may stop.
      if (request.body && !request.bodyUsed) request.body.cancel().catch(() => {});
    });
    const { status, statusText, headers } = response;
    const head = { url, redirected: url !== message.url, status, statusText, headers: [...headers] };
    // What is whole already comes at once, and leaves no port open for a page that does not read it.
    if (headers.has('content-length')) {
      const body = await response.arrayBuffer();
      return transfer({ ...head, body }, [body]);
    }
    const body = response.body ?? new Blob().stream();
    if (signal.aborted) body.cancel(signal.reason).catch(() => {});
    else sendBody(message.answer, body).catch(() => {}); // the page hears of it through the port
    return head;
  };
}

/** The response after redirects, which a page never sees, and where it came from. */
async function follow(
  fetch: (request: Request) => Promise<Response>,
  first: Request,
): Promise<{ response: Response; url: string }> {
  let request = first;
  for (let hops = 0; hops <= redirectLimit; hops++) {
    const { url, redirect, method } = request;
    const response = await fetch(request);
    const location = response.headers.get('location');
    if (!redirects.includes(response.status) || location === null || redirect === 'manual')
      return { response, url };
    if (redirect === 'error') throw new TypeError(`${url} redirects to ${location}`);
    await response.body?.cancel();
    const target = new URL(location, url);
    const becomesGet = response.status === 303 || (response.status < 303 && method === 'POST');
    request = becomesGet
      ? new Request(target, { headers: request.headers, signal: request.signal })
      : new Request(target, request);
  }
  throw new TypeError(`${first.url} redirects more than ${redirectLimit} times`);
}

async function toRequest(
  { url, method, headers, body, redirect }: RequestMessage,
  signal: AbortSignal,
): Promise<Request> {
  const init = {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    redirect,
    signal,
  };
  if (!body) return new Request(url, init);
  const stream = receiveBody(body);
  // Without `duplex` (Firefox) a Request takes no stream; a Blob is the next best.
  if (!('duplex' in Request.prototype))
    return new Request(url, { ...init, body: await new Response(stream).blob() });
  return new Request(url, { ...init, body: stream, duplex: 'half' } as RequestInit);
}
