import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from './serve.mjs';

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
let folder;
let server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'serve-'));
  mkdirSync(join(folder, 'app/assets'), { recursive: true });
  mkdirSync(join(folder, 'models'));
  writeFileSync(join(folder, 'app/index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'app/assets/main-1a2b.js'), 'export {}');
  writeFileSync(join(folder, 'app/.hidden'), 'secret');
  writeFileSync(join(folder, 'app/empty.txt'), '');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'models/m.gguf'), bytes);
  server = await serve(
    [
      ['/models/', join(folder, 'models')],
      ['/', join(folder, 'app')],
    ],
    { headers: { 'Cross-Origin-Opener-Policy': 'same-origin' } },
  );
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const get = (path, headers = {}, method = 'GET') => fetch(server.url + path, { method, headers });

/** A request whose target no client library has tidied up; resolves to the status. */
function raw(target) {
  return new Promise((resolve, reject) => {
    const socket = connect(new URL(server.url).port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    socket.once('data', data => resolve(Number(String(data).split(' ')[1]))).once('error', reject);
  });
}

test('types, caching and extra headers go with the file', async () => {
  const page = await get('');
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('cache-control')).toBe('no-cache');
  expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(await page.text()).toBe('<!doctype html>');
  const asset = await get('assets/main-1a2b.js');
  expect(asset.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(asset.headers.get('cache-control')).toContain('immutable');
  const model = await get('models/m.gguf');
  expect(model.headers.get('content-type')).toBe('application/octet-stream');
  expect(new Uint8Array(await model.arrayBuffer())).toEqual(bytes);
});

test('HEAD has the headers of GET and no body; other methods are refused', async () => {
  const head = await get('models/m.gguf', {}, 'HEAD');
  expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '1000', '']);
  const post = await get('models/m.gguf', {}, 'POST');
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect((await get('empty.txt')).status).toBe(200);
});

test.each([
  ['bytes=0-9', 206, 'bytes 0-9/1000', [0, 10]],
  ['bytes=990-', 206, 'bytes 990-999/1000', [990, 1000]],
  ['bytes=990-5000', 206, 'bytes 990-999/1000', [990, 1000]],
  ['bytes=-7', 206, 'bytes 993-999/1000', [993, 1000]],
  ['bytes=-5000', 206, 'bytes 0-999/1000', [0, 1000]],
  ['bytes=9-3', 200, null, [0, 1000]],
  ['bytes=0-1,4-5', 200, null, [0, 1000]],
  ['lines=0-1', 200, null, [0, 1000]],
])('Range: %s is answered with %i', async (range, status, contentRange, [start, end]) => {
  const response = await get('models/m.gguf', { Range: range });
  expect([response.status, response.headers.get('content-range')]).toEqual([status, contentRange]);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes.slice(start, end));
});

test.each(['bytes=1000-', 'bytes=-0'])('Range: %s cannot be satisfied', async range => {
  const response = await get('models/m.gguf', { Range: range });
  expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */1000']);
});

test('a copy that is current is not sent again, and a range of a changed file is not sent as one', async () => {
  const etag = (await get('models/m.gguf')).headers.get('etag');
  const modified = (await get('models/m.gguf')).headers.get('last-modified');
  expect((await get('models/m.gguf', { 'If-None-Match': `"x", W/${etag}` })).status).toBe(304);
  expect((await get('models/m.gguf', { 'If-None-Match': '"x"', 'If-Modified-Since': modified })).status).toBe(
    200,
  );
  expect((await get('models/m.gguf', { 'If-Modified-Since': modified })).status).toBe(304);
  const range = { Range: 'bytes=1-2' };
  expect((await get('models/m.gguf', { ...range, 'If-Range': etag })).status).toBe(206);
  expect((await get('models/m.gguf', { ...range, 'If-Range': modified })).status).toBe(206);
  expect((await get('models/m.gguf', { ...range, 'If-Range': `W/${etag}` })).status).toBe(200);
  utimesSync(join(folder, 'models/m.gguf'), new Date(), new Date(1000));
  expect((await get('models/m.gguf', { ...range, 'If-Range': etag })).status).toBe(200);
});

test.each([
  '/../secret.txt',
  '/%2e%2e/secret.txt',
  '/..%2fsecret.txt',
  '/models/..%5c..%5csecret.txt',
  '/models/%2e%2e/%2e%2e/secret.txt',
  '/.hidden',
  '/%00',
  '/%zz',
  '//secret.txt',
  '/assets',
  '/assets/',
  '/no/such/file',
])('%s is not found', async target => {
  expect(await raw(target)).toBe(404);
});

test('a port that is taken is an error', async () => {
  await expect(serve([], { port: Number(new URL(server.url).port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
