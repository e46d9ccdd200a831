import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
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

  // a body that the page does not read leaves the connection as it was
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const again = (method: string, path: string, content?: Uint8Array) =>
    new Promise<[number | undefined, boolean]>((resolve, reject) => {
      const request = httpRequest(`${served.url}${path}`, { method, agent }, answer => {
        answer.resume().once('end', () => resolve([answer.statusCode, request.reusedSocket]));
      });
      request.once('error', reject).end(content);
    });
  expect(await again('POST', `/api/blobs/${digest}`, bytes)).toEqual([200, false]);
  expect(await again('GET', '/api/version')).toEqual([200, true]);
  agent.destroy();

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

/** Exchanges with a real Ollama about who may ask. */
const recordings = new URL('../../fixtures/ollama-transcripts/', import.meta.url);
const aboutOrigins = readdirSync(recordings).filter(name => name.startsWith('cors-'));

for (const name of aboutOrigins) {
  test(`${name}: the same answer`, async () => {
    const { request, response } = JSON.parse(readFileSync(new URL(name, recordings), 'utf8'));
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method, path, headers } = request;
      httpRequest(`${served.url}${path}`, { method, headers }, resolve).on('error', reject).end();
    });
    answer.resume();
    const ours = Object.entries(answer.headers).filter(([key]) =>
      /^(access-control-|allow$|vary$)/.test(key),
    );
    const theirs = Object.entries(response.headers).filter(([key]) =>
      /^(access-control-|allow$|vary$)/.test(key),
    );
    expect([answer.statusCode, Object.fromEntries(ours)]).toEqual([
      response.status,
      Object.fromEntries(theirs),
    ]);
  });
}
