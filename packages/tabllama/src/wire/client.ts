/** The page's end of the wire: a `Request` goes out, a `Response` comes back, as from the network. */
import { transfer } from 'comlink';
import { unlessAborted } from './abort.ts';
import { receiveBody, sendBody } from './body.ts';
import type { WorkerApi } from './message.ts';

/** Statuses whose responses have no body: `null body status` of the Fetch standard. */
const bodiless = [101, 103, 204, 205, 304];

/** What reads a body as a whole. */
const readers = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/**
 * Sends `request` through `remote`, as if it went to `url`. Rejects with the reason of the request's signal or of `closed`, whichever aborts, also
 * while the response is read; with a TypeError when anything else fails, as `fetch` does when the network fails.
 */
export async function sendRequest(
  remote: Pick<WorkerApi, 'fetch'>,
  request: Request,
  { url, closed }: { readonly url: string; readonly closed: AbortSignal },
): Promise<Response> {
  const broken = new AbortController();
  const signal = AbortSignal.any([request.signal, closed, broken.signal]);
  signal.throwIfAborted();
  const body = await bodyOf(request);
  signal.throwIfAborted();

  const answer = new MessageChannel();
  const upload = body && new MessageChannel();
  const answerBody = receiveBody(answer.port1, signal);
  if (body && upload) {
    sendBody(upload.port1, body, signal).catch(cause =>
      broken.abort(new TypeError(`the request's body failed: ${cause}`, { cause })),
    );
  }
  const message = {
    url: withoutFragment(url),
    method: request.method,
    headers: [...request.headers],
    redirect: request.redirect,
    body: upload?.port2,
    answer: answer.port2,
  };
  const ports = upload ? [answer.port2, upload.port2] : [answer.port2];

  let isStreamed = false;
  try {
    const answered = remote.fetch(transfer(message, ports)).catch(cause => {
      throw new TypeError(cause.message, { cause });
    });
    const head = await unlessAborted(answered, signal);
    isStreamed = !head.body && !bodiless.includes(head.status);
    const body = bodiless.includes(head.status) ? null : (head.body ?? answerBody);
    const { status, statusText, redirected } = head;
    const headers = head.headers.map(([name, value]): [string, string] => [name, value]);
    return fromNetwork(
      new Response(body, { status, statusText, headers }),
      { url: redirected ? head.url : withoutFragment(request.url), redirected },
      signal,
    );
  } finally {
    if (!isStreamed) answerBody.cancel().catch(() => {});
  }
}

const withoutFragment = (url: string) => url.replace(/#.*/s, '');

/** The body of a request as a stream, also where `Request.body` is missing (Firefox). */
async function bodyOf(request: Request): Promise<ReadableStream<Uint8Array> | null> {
  if (request.body !== undefined) return request.body;
  return ['GET', 'HEAD'].includes(request.method) ? null : (await request.blob()).stream();
}

/**
 * Gives a response, and its clones, what only the network can: where it came from, and that `text()` and its like reject with
 * the reason of `signal` (Chromium makes a TypeError of whatever a stream of ours fails with).
 */
function fromNetwork(
  response: Response,
  facts: { readonly url: string; readonly redirected: boolean },
  signal: AbortSignal,
): Response {
  const { prototype } = Response;
  const type = new URL(facts.url).origin === globalThis.location?.origin ? 'basic' : 'cors';
  const reading = readers.map(name => {
    const read = () =>
      prototype[name].call(response).catch(error => {
        signal.throwIfAborted();
        throw error;
      });
    return [name, { value: read }];
  });
  return Object.defineProperties(response, {
    url: { value: facts.url },
    redirected: { value: facts.redirected },
    type: { value: type },
    clone: { value: () => fromNetwork(prototype.clone.call(response), facts, signal) },
    ...Object.fromEntries(reading),
  });
}
