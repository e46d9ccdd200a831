import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { expect, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { bridge } from './bridge.mjs';

let served: Awaited<ReturnType<typeof bridge>>;
test.beforeEach(async ({ page }) => {
  await openPlayground(page);
  served = await bridge(page);
});
test.afterEach(() => served.close());

test('a page answers at a port: statuses, headers and errors as they are', async () => {
  const version = await fetch(`${served.url}/api/version`);
  expect(version.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await version.json()).toEqual({ version: '0.33.0' });
  const redirect = await fetch(`${served.url}/api/tags/`, { redirect: 'manual' });
  expect([redirect.status, redirect.headers.get('location')]).toEqual([301, '/api/tags']);
  const missing = await fetch(`${served.url}/api/show`, { method: 'POST', body: '{"model":"nobody"}' });
  expect([missing.status, await missing.json()]).toEqual([404, { error: "model 'nobody:latest' not found" }]);
  expect((await fetch(`${served.url}/api/tags`, { method: 'HEAD' })).status).toBe(200);
});

test('bodies stream both ways, a line as soon as it is made', async ({ page }) => {
  await pullTinyModel(page);
  const bytes = new Uint8Array(3_000_000).map((_, i) => i * i);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const upload = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 300_000) controller.enqueue(bytes.subarray(at, at + 300_000));
      controller.close();
    },
  });
  const init = { method: 'POST', body: upload, duplex: 'half' } as RequestInit;
  expect((await fetch(`${served.url}/api/blobs/${digest}`, init)).status).toBe(201);

  const body = JSON.stringify({ model: tinyModel, prompt: 'Once', options: { num_predict: 5 } });
  const answer = await fetch(`${served.url}/api/generate`, { method: 'POST', body });
  const lines: { done: boolean }[] = [];
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) lines.push(JSON.parse(chunk));
  expect(lines.map(({ done }) => done)).toEqual([...Array(lines.length - 1).fill(false), true]);
  expect(lines.length).toBeGreaterThan(3);
});

test('a client that goes away stops the model', async ({ page }) => {
  await pullTinyModel(page);
  const story = { model: tinyModel, prompt: 'Once', options: { num_predict: 100_000, num_ctx: 256 } };
  const gone = new AbortController();
  const init = { method: 'POST', body: JSON.stringify(story), signal: gone.signal };
  const answer = await fetch(`${served.url}/api/generate`, init);
  await answer.body!.getReader().read();
  gone.abort();
  // one at a time: this one would wait for ever
  const next = { ...story, options: { num_predict: 1 }, stream: false };
  const after = await fetch(`${served.url}/api/generate`, { method: 'POST', body: JSON.stringify(next) });
  expect(await after.json()).toMatchObject({ done: true, eval_count: 1 });
});

test('pages of this machine may ask, others may not', async () => {
  const ask = (method: string, path: string, origin: string) =>
    new Promise<{ status?: number; allow?: string | string[]; origin?: string }>((resolve, reject) => {
      const asked = httpRequest(`${served.url}${path}`, { method, headers: { origin } }, answer => {
        const { allow, 'access-control-allow-origin': allowed } = answer.headers;
        answer.resume().on('end', () => resolve({ status: answer.statusCode, allow, origin: allowed }));
      });
      asked.on('error', reject).end();
    });
  const own = 'http://localhost:3000';
  expect(await ask('OPTIONS', '/api/chat', own)).toEqual({ status: 204, allow: 'POST', origin: own });
  expect(await ask('GET', '/api/version', own)).toEqual({ status: 200, origin: own });
  expect(await ask('GET', '/api/version', 'https://example.com')).toEqual({ status: 403 });
});
