/** Registries and other servers from a real page: other origins, preflights, redirects, tokens, and what the browser makes of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import type { InstallOptions } from 'tabllama';
import { type OtherServer, startOther } from '../packages/server/test/other-server.ts';
import { type RegistryServer, startRegistry } from '../packages/store/test/registry-server.ts';
import { serve } from '../scripts/serve.mjs';
import { root } from '../scripts/workspace.mjs';

const weights = new Uint8Array(readFileSync(join(root, 'fixtures/models/stories260K-q8_0.gguf')));
const config = JSON.stringify({ model_format: 'gguf', model_family: 'llama', model_families: ['llama'] });

let site: Awaited<ReturnType<typeof serve>>;
test.beforeAll(async () => {
  site = await serve([['/', join(root, 'packages/tabllama/dist')]]);
});
test.afterAll(() => site.close());

/** An empty page with the published package, installed with options that may be functions of the page's own making. */
async function open(page: Page, options: Omit<InstallOptions, 'tokens' | 'onRemote'>, token?: string) {
  await page.route(`${site.url}`, route =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
  );
  await page.goto(`${site.url}`);
  await page.evaluate(
    async ([script, more, secret]) => {
      const { install } = (await import(script)) as typeof import('tabllama');
      const page = globalThis as unknown as { asked: string[]; answer: boolean };
      page.asked = [];
      page.answer ??= true;
      await install({
        ...more,
        tokens: host => {
          if (secret !== undefined) page.asked.push(host);
          return secret;
        },
        onRemote: origin => {
          page.asked.push(origin);
          return page.answer;
        },
      });
    },
    [`${site.url}index.js`, options, token] as const,
  );
}

const post = (page: Page, path: string, body: object) =>
  page.evaluate(
    async ([path, body]) => {
      const response = await fetch(path, { method: 'POST', body });
      return {
        status: response.status,
        lines: (await response.text())
          .split('\n')
          .filter(line => line !== '')
          .map(line => JSON.parse(line)),
      };
    },
    [path, JSON.stringify(body)] as const,
  );
const asked = (page: Page) => page.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);

function publish(registry: RegistryServer, bytes = weights): void {
  const layers = [
    registry.layer('model', bytes),
    registry.layer('system', 'Be brief.'),
    registry.layer('config', config),
  ];
  registry.publish('library/tiny:1', layers);
}

test('a model comes from a registry of another origin, through its CDN, broken connections and busy hours, and goes back', async ({
  page,
}) => {
  await using registry = await startRegistry();
  // several chunks long, so that there is something to go on from
  const bytes = new Uint8Array(9_000_000);
  bytes.set(weights);
  publish(registry, bytes);
  registry.behaviour.auth = { token: 'anyone', gives: true };
  registry.behaviour.file.cuts.push(5_000_000);
  registry.behaviour.failures.push(
    { match: /GET .*manifests/, status: 429, times: 1, retryAfter: '1' },
    { match: /GET .*blobs/, status: 500, times: 1 },
  );
  await open(page, { registry: registry.url });
  const pulled = await post(page, '/api/pull', { model: 'tiny:1' });
  expect(pulled.lines.at(-1)).toEqual({ status: 'success' });
  const fromCdn = registry.log.filter(({ line }) => line.startsWith('cdn '));
  expect(fromCdn.some(({ range }) => range !== undefined && range !== 'bytes=0-')).toBe(true);
  expect(fromCdn.some(({ authorization }) => authorization)).toBe(false);
  const shown = await post(page, '/api/show', { model: 'tiny:1' });
  expect(shown.lines[0]).toMatchObject({ system: 'Be brief.', details: { family: 'llama' } });

  const sent = new Map(registry.blobs);
  registry.blobs.clear();
  await post(page, '/api/copy', { source: 'tiny:1', destination: 'library/again' });
  const pushed = await post(page, '/api/push', { model: 'again' });
  expect(pushed.lines.at(-1)).toEqual({ status: 'success' });
  expect([...registry.blobs.keys()].sort()).toEqual([...sent.keys()].sort());
  expect(registry.manifests.get('library/again:latest')).toBe(registry.manifests.get('library/tiny:1'));
});

test('a private file of Hugging Face comes with the token of the page', async ({ page }) => {
  await using registry = await startRegistry();
  registry.repositories.set('user/repo', new Map([['m-Q8_0.gguf', { bytes: weights, lfs: true }]]));
  registry.behaviour.auth = { token: 'hf_secret' };
  await open(page, { registry: { 'hf.co': registry.url } }, 'hf_secret');
  const { lines } = await post(page, '/api/pull', { model: 'hf.co/user/repo:Q8_0' });
  expect(lines.at(-1)).toEqual({ status: 'success' });
  expect(await asked(page)).toEqual([registry.host]);
  expect(
    registry.log.filter(({ line }) => line.startsWith('cdn ')).map(({ authorization }) => authorization),
  ).toEqual([undefined]);
});

test('a registry that no page may read is told, and so is a wrong digest', async ({ page }) => {
  await using registry = await startRegistry();
  publish(registry);
  registry.behaviour.wrong.set([...registry.blobs.keys()][0], new Uint8Array(100));
  await open(page, {});
  const host = registry.host;
  const wrong = await post(page, '/api/pull', { model: `${host}/library/tiny:1`, insecure: true });
  expect(wrong.lines.at(-1).error).toMatch(/^digest mismatch, file must be downloaded again: want sha256:/);
  await using other: OtherServer = await startOther({}, { cors: false });
  const silent = await post(page, '/api/pull', { model: `${other.url.slice(7)}/a/b`, insecure: true });
  expect(silent.lines.at(-1).error).toContain(`cannot reach ${other.url}/v2/a/b/manifests/latest`);
});

test('a model on another server: the user is asked once, the answer streams, and an abort arrives', async ({
  page,
}) => {
  const line = (content: string, done = false) =>
    `${JSON.stringify({ message: { role: 'assistant', content }, done })}\n`;
  let isEndless = false;
  await using other = await startOther({
    '/api/version': () => ({ version: '0.33.0' }),
    '/api/chat': (_, response) => {
      response.write(line('Hel'));
      if (!isEndless) response.end(line('lo', true));
    },
  });
  await open(page, {});
  await post(page, '/api/create', { model: 'far', from: 'big', remote_host: other.url });
  const chat = { model: 'far', messages: [{ role: 'user', content: 'Hi' }] };

  await page.evaluate(() => Object.assign(globalThis, { answer: false }));
  expect((await post(page, '/api/chat', chat)).status).toBe(403);
  expect(other.requests).toEqual([]);
  await page.reload();
  await open(page, {});
  const { lines } = await post(page, '/api/chat', chat);
  expect(lines.map(({ message, ...rest }) => [message.content, rest])).toEqual([
    ['Hel', { model: 'far', remote_model: 'big', remote_host: other.url, done: false }],
    ['lo', { model: 'far', remote_model: 'big', remote_host: other.url, done: true }],
  ]);
  expect(await asked(page)).toEqual([other.url]);

  isEndless = true;
  await open(page, {});
  await page.evaluate(async body => {
    const controller = new AbortController();
    const { body: stream } = await fetch('/api/chat', { method: 'POST', body, signal: controller.signal });
    await stream!.getReader().read();
    controller.abort();
  }, JSON.stringify(chat));
  await other.aborted;
  expect(await asked(page)).toEqual([]); // the yes of before is remembered
});

test('a model on a server that has OpenAI’s API only answers as one of Ollama does', async ({ page }) => {
  const chunk = (content: string, finish_reason: string | null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
  await using other = await startOther({
    '/v1/chat/completions': (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`${chunk('Hel', null)}${chunk('lo', 'stop')}data: [DONE]\n\n`);
    },
  });
  await open(page, {});
  await post(page, '/api/create', { model: 'far', from: 'big', remote_host: other.url });
  const chat = { model: 'far', messages: [{ role: 'user', content: 'Hi' }] };
  const { lines } = await post(page, '/api/chat', chat);
  expect(lines.map(({ message, done }) => [message.content, done])).toEqual([
    ['Hel', false],
    ['lo', false],
    ['', true],
  ]);
});
