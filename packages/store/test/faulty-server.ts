/** A real HTTP server for one file, with every fault that a download meets. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** How the next requests are answered. All can be changed between requests. */
export interface Behaviour {
  file: Uint8Array;
  etag?: string;
  lastModified?: string;
  /** Instead of the file. */
  status?: number;
  html?: boolean;
  redirect?: string;
  /** Whether `Range` is honoured; a number is added to the true offset. */
  ranges: boolean | number;
  gzip?: boolean;
  /** Bodies are cut off after so many bytes, one entry for each request. */
  cuts: number[];
  /** Cut bodies end properly, and `Content-Length` is that of the whole. Else the connection breaks. */
  noLength?: boolean;
  /** Milliseconds between pieces of 64 KiB. */
  slowMs?: number;
  /** Nothing is sent after this many bytes, but the connection stays open. */
  hangAfter?: number;
}

export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
  readonly behaviour: Behaviour;
  readonly requests: { method: string; path: string; range: string | undefined }[];
}

export async function startServer(initial: Partial<Behaviour> & { file: Uint8Array }): Promise<FaultyServer> {
  const behaviour: Behaviour = { ranges: true, cuts: [], etag: '"v1"', ...initial };
  const requests: FaultyServer['requests'] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method!, path: request.url!, range: request.headers.range });
    answer(request, response, behaviour).catch(() => response.destroy());
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/model.gguf`,
    behaviour,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

/** The file, or what the behaviour makes of it. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  b: Behaviour,
): Promise<void> {
  if (b.redirect && request.url === '/model.gguf') {
    response.writeHead(302, { location: b.redirect }).end();
    return;
  }
  if (b.status) {
    response.writeHead(b.status).end('no');
    return;
  }
  if (b.html) {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Not found</title>');
    return;
  }
  if (b.etag) response.setHeader('etag', b.etag);
  if (b.lastModified) response.setHeader('last-modified', b.lastModified);
  let body = b.file;
  const { length } = body;
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  if (b.gzip) {
    body = gzipSync(body);
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('content-length', body.length);
  } else if (asked && b.ranges !== false) {
    const start = Number(asked[1]) + Number(b.ranges === true ? 0 : b.ranges);
    if (start >= length) {
      response.writeHead(416, { 'content-range': `bytes */${length}` }).end();
      return;
    }
    body = body.subarray(start);
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${start}-${length - 1}/${length}`);
    response.setHeader('content-length', body.length);
  } else if (!b.noLength) {
    response.setHeader('content-length', length);
  }
  const cut = b.cuts.shift();
  const end = Math.min(body.length, cut ?? body.length);
  for (let at = 0; at < end; at += 65536) {
    if (b.hangAfter !== undefined && at >= b.hangAfter) return;
    response.write(body.subarray(at, Math.min(end, at + 65536)));
    if (b.slowMs) await wait(b.slowMs);
    if (response.destroyed) return;
  }
  if (cut === undefined || b.noLength) {
    response.end();
  } else {
    // what was written is to arrive before the connection breaks
    await wait(30);
    response.destroy();
  }
}
