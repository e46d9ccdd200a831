import { expose, wrap } from 'comlink';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { sendRequest } from './client.ts';
import type { WorkerApi } from './message.ts';
import { serveRequests } from './serve.ts';

const host = 'http://localhost:11434';
const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** A client whose requests `server` answers at the other end of a real port. */
function connect(server: (request: Request) => Promise<Response> | Response) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  expose({ fetch: serveRequests(async request => server(request)) }, port2);
  const remote = wrap<WorkerApi>(port1);
  const closed = new AbortController();
  const fetch = (path: string, init?: RequestInit) => {
    const request = new Request(host + path, init);
    return sendRequest(remote, request, { url: request.url, closed: closed.signal });
  };
  return { fetch, close: (reason: unknown) => closed.abort(reason) };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** A stream of the chunks as they are, with what became of it. */
function streamOf(chunks: readonly Uint8Array[]) {
  const state = { pulled: 0, cancelled: undefined as unknown };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[state.pulled++];
        if (chunk) controller.enqueue(chunk);
        else controller.close();
      },
      cancel(reason) {
        state.cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

/** A stream that never ends and never has anything. */
function silence(onCancel: (reason: unknown) => void = () => {}) {
  return new ReadableStream<Uint8Array>({ cancel: onCancel });
}

async function chunksOf(body: ReadableStream<Uint8Array> | null) {
  const chunks: number[][] = [];
  for await (const chunk of body!) chunks.push([...chunk]);
  return chunks;
}

const chunkings = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });

test('every chunk of a response arrives as that chunk, and the writer keeps its buffers', async () => {
  await fc.assert(
    fc.asyncProperty(chunkings, async chunks => {
      const { fetch } = connect(() => new Response(streamOf(chunks).body));
      const expected = chunks.map(chunk => [...chunk]);
      expect(await chunksOf((await fetch('/')).body)).toEqual(expected);
      expect(chunks.map(chunk => [...chunk])).toEqual(expected);
    }),
    { numRuns: 40 },
  );
});

test('empty chunks are left out, as they are on the network', async () => {
  const { fetch } = connect(() => new Response(streamOf([bytes(''), bytes('a'), bytes(''), bytes('')]).body));
  expect(await chunksOf((await fetch('/')).body)).toEqual([[97]]);
});

test('every chunk of a request arrives as that chunk, views into larger buffers too', async () => {
  await fc.assert(
    fc.asyncProperty(chunkings, async chunks => {
      let seen: number[][] = [];
      const { fetch } = connect(async request => {
        seen = await chunksOf(request.body);
        return new Response();
      });
      const shared = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      let offset = 0;
      const views = chunks.map(chunk => {
        shared.set(chunk, offset);
        offset += chunk.length;
        return shared.subarray(offset - chunk.length, offset);
      });
      await fetch('/', { method: 'POST', body: streamOf(views).body, duplex: 'half' } as RequestInit);
      expect(seen).toEqual(chunks.map(chunk => [...chunk]));
    }),
    { numRuns: 40 },
  );
});

test('a short body comes whole, and leaves no port open whether it is read or not', async () => {
  const openPorts = () => process.getActiveResourcesInfo().filter(type => type === 'MessagePort').length;
  const { fetch } = connect(() => new Response('{}', { headers: { 'content-length': '2' } }));
  expect(await (await fetch('/')).json()).toEqual({});
  const before = openPorts();
  for (let i = 0; i < 10; i++) expect((await fetch('/')).body).toBeInstanceOf(ReadableStream);
  await vi.waitFor(() => expect(openPorts()).toBe(before));
});

test('method, headers, query and body arrive; status, headers and body come back', async () => {
  const { fetch } = connect(async request => {
    const text = await request.text();
    return new Response(`${request.method} ${request.url} ${text} ${request.headers.get('x-a')}`, {
      status: 418,
      statusText: 'Teapot',
      headers: { 'content-type': 'text/x', 'x-b': 'c' },
    });
  });
  const response = await fetch('/api/x?y=%20#z', { method: 'POST', body: 'é', headers: { 'X-A': '1' } });
  expect(response.status).toBe(418);
  expect(response.statusText).toBe('Teapot');
  expect(response.headers.get('content-type')).toBe('text/x');
  expect(response.headers.get('x-b')).toBe('c');
  expect(await response.text()).toBe(`POST ${host}/api/x?y=%20 é 1`);
});

test('a response says where it came from, and so does its clone', async () => {
  const { fetch } = connect(() => new Response('twice'));
  const response = await fetch('/api/x#here');
  const clone = response.clone();
  for (const one of [response, clone, clone.clone()]) {
    expect(one).toMatchObject({ url: `${host}/api/x`, redirected: false, type: 'cors', ok: true });
    expect(await one.text()).toBe('twice');
  }
});

test('a body can be read into a buffer of the reader', async () => {
  const { fetch } = connect(() => new Response(streamOf([bytes('abcd'), bytes('ef')]).body));
  const reader = (await fetch('/')).body!.getReader({ mode: 'byob' });
  const parts: string[] = [];
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(3));
    if (done) break;
    parts.push(new TextDecoder().decode(value));
  }
  expect(parts).toEqual(['abc', 'd', 'ef']);
});

test('an empty response has a body that ends, as has one to HEAD; 204 has none', async () => {
  const { fetch } = connect(
    ({ url }) => new Response(null, { status: Number(new URL(url).search.slice(1)) }),
  );
  const empty = await fetch('/?200');
  expect(await chunksOf(empty.body)).toEqual([]);
  expect(empty.headers.get('content-type')).toBeNull();
  expect((await fetch('/?204')).body).toBeNull();
  expect(await chunksOf((await fetch('/?200', { method: 'HEAD' })).body)).toEqual([]);
});

test('a reader that waits holds the writer back', async () => {
  const { body, state } = streamOf([bytes('a'), bytes('b'), bytes('c')]);
  const { fetch } = connect(() => new Response(body));
  const reader = (await fetch('/')).body!.getReader();
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(state.pulled).toBe(0);
  await reader.read();
  await reader.read();
  expect(state.pulled).toBe(2);
});

test('cancelling the response cancels the stream of the server and aborts its request, with the reason', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const aborted = Promise.withResolvers<unknown>();
  const { fetch } = connect(request => {
    request.signal.addEventListener('abort', () => aborted.resolve(request.signal.reason));
    return new Response(silence(cancelled.resolve));
  });
  const response = await fetch('/');
  await response.body!.cancel('enough');
  expect(await cancelled.promise).toBe('enough');
  expect(await aborted.promise).toBe('enough');
});

test.each([
  ['a string', 'no more'],
  ['an error', new RangeError('too far')],
  ['undefined', undefined],
  ['a function', () => {}],
])('an abort whose reason is %s rejects with it, before the answer and within', async (_, reason) => {
  const atServer: unknown[] = [];
  const { fetch } = connect(request => {
    request.signal.addEventListener('abort', () => atServer.push(request.signal.reason));
    return request.url.endsWith('slow') ? new Promise<Response>(() => {}) : new Response(silence());
  });
  const before = new AbortController();
  const within = new AbortController();
  const waiting = fetch('/slow', { signal: before.signal });
  const reading = (await fetch('/', { signal: within.signal })).body!.getReader().read();
  before.abort(reason);
  within.abort(reason);
  await expect(waiting.catch(error => error)).resolves.toBe(before.signal.reason);
  await expect(reading.catch(error => error)).resolves.toBe(within.signal.reason);
  await vi.waitFor(() => expect(atServer).toHaveLength(2));
  const told = typeof reason === 'function' ? new Error(String(reason)) : before.signal.reason;
  for (const one of atServer) {
    if (told instanceof Error) expect(one).toMatchObject({ name: told.name, message: told.message });
    else expect(one).toBe(told);
  }
});

test('a signal that has aborted already rejects before anything is sent', async () => {
  const server = vi.fn(() => new Response());
  const { fetch } = connect(server);
  await expect(fetch('/', { signal: AbortSignal.abort('never') }).catch(error => error)).resolves.toBe(
    'never',
  );
  expect(server).not.toHaveBeenCalled();
});

test('an answer that comes after the abort is cancelled', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const go = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const { fetch } = connect(async request => {
    reached.resolve();
    await Promise.all([
      go.promise,
      new Promise(resolve => request.signal.addEventListener('abort', resolve)),
    ]);
    return new Response(silence(cancelled.resolve));
  });
  const abort = new AbortController();
  const waiting = fetch('/', { signal: abort.signal });
  await reached.promise;
  abort.abort('late');
  await expect(waiting.catch(error => error)).resolves.toBe('late');
  go.resolve();
  expect(await cancelled.promise).toBe('late');
});

test('an abort while the request is being sent ends its stream, and the server gets an error, never a shorter body', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const received = Promise.withResolvers<unknown>();
  const { fetch } = connect(async request => {
    received.resolve(await request.text().catch(error => error));
    return new Response();
  });
  const abort = new AbortController();
  const body = new ReadableStream({
    start: controller => controller.enqueue(bytes('{"model":')),
    cancel: cancelled.resolve,
  });
  const waiting = fetch('/', { method: 'POST', body, duplex: 'half', signal: abort.signal } as RequestInit);
  setTimeout(() => abort.abort(new RangeError('stop')), 10);
  await expect(waiting).rejects.toThrow('stop');
  expect(await cancelled.promise).toBe(abort.signal.reason);
  expect(await received.promise).toBeInstanceOf(Error);
});

test('a request whose body fails is rejected with a TypeError that has the cause', async () => {
  const { fetch } = connect(async request => new Response(await request.text()));
  const cause = new Error('disk gone');
  const body = new ReadableStream({ pull: () => Promise.reject(cause) });
  const failed = await fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit).catch(
    error => error,
  );
  expect(failed).toBeInstanceOf(TypeError);
  expect(failed.cause).toBe(cause);
});

test('a request whose body has other chunks than bytes is rejected', async () => {
  const { fetch } = connect(async request => new Response(await request.text()));
  const body = new ReadableStream({ start: controller => controller.enqueue('text') });
  await expect(fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit)).rejects.toThrow(
    TypeError,
  );
});

test('a body that the server does not read is cancelled', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const { fetch } = connect(() => new Response('no', { status: 404 }));
  const body = silence(cancelled.resolve);
  const response = await fetch('/', { method: 'POST', body, duplex: 'half' } as RequestInit);
  expect(await response.text()).toBe('no');
  await cancelled.promise;
});

test('an error of the stream arrives with its name and message, after what came before it', async () => {
  class DeviceLost extends Error {
    override name = 'DeviceLost';
  }
  let sent = false;
  const { fetch } = connect(
    () =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              if (sent) throw new DeviceLost('the GPU is gone');
              sent = true;
              controller.enqueue(bytes('first'));
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  );
  const reader = (await fetch('/')).body!.getReader();
  expect((await reader.read()).value).toEqual(bytes('first'));
  await expect(reader.read()).rejects.toMatchObject({ name: 'DeviceLost', message: 'the GPU is gone' });
});

test('a server that throws is a network that fails: a TypeError with its words', async () => {
  const { fetch } = connect(() => {
    throw new RangeError('broken');
  });
  await expect(fetch('/')).rejects.toMatchObject({
    name: 'TypeError',
    message: 'broken',
    cause: { name: 'RangeError' },
  });
});

test('closing fails what waits and what is being read', async () => {
  const { fetch, close } = connect(({ url }) =>
    url.endsWith('slow') ? new Promise<Response>(() => {}) : new Response(silence()),
  );
  const waiting = fetch('/slow');
  const reading = (await fetch('/')).text();
  close(new Error('closed'));
  await expect(waiting).rejects.toThrow('closed');
  await expect(reading).rejects.toThrow('closed');
  await expect(fetch('/')).rejects.toThrow('closed');
});

test('redirects are followed with method and body, unless the request says otherwise', async () => {
  const { fetch } = connect(async request => {
    const { pathname } = new URL(request.url);
    if (pathname === '/a/') return new Response(null, { status: 307, headers: { location: '/a' } });
    if (pathname === '/moved') return new Response('gone', { status: 301, headers: { location: 'a' } });
    if (pathname === '/round') return new Response(null, { status: 302, headers: { location: '/round' } });
    return new Response(`${request.method} ${await request.text()}`);
  });
  const post = { method: 'POST', body: 'body' };
  const kept = await fetch('/a/', post);
  expect(kept).toMatchObject({ url: `${host}/a`, redirected: true });
  expect(await kept.text()).toBe('POST body');
  expect(await (await fetch('/moved', post)).text()).toBe('GET ');
  expect((await fetch('/moved', { redirect: 'manual' })).status).toBe(301);
  await expect(fetch('/moved', { redirect: 'error' })).rejects.toThrow(TypeError);
  await expect(fetch('/round')).rejects.toThrow('more than 20');
});
