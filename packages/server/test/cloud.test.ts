/** Ollama's cloud, in which a page has no part: its routes and its names are refused in Ollama's words. */
import { readFileSync } from 'node:fs';
import { parseModelName } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { createScriptedEngine } from './scripted-engine.ts';

const q8 = new Uint8Array(
  readFileSync(new URL('../../../fixtures/models/stories260K-q8_0.gguf', import.meta.url)),
);
let store: MemoryStore;
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  store = createMemoryStore({ 'x:20b-cloud': q8, 'x:cloud': q8 });
  await store.install(parseModelName('here:1b')!, q8);
  server = createServer({ engines: [createScriptedEngine()], store });
});

async function ask(method: string, path: string, body?: object | string): Promise<[number, unknown]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await server.fetch(new Request(`http://x${path}`, { method, body: text }));
  const answer = await response.text();
  return [response.status, answer === '' ? '' : JSON.parse(answer)];
}

describe('routes of the cloud', () => {
  test.each<[string, string, string | undefined, number, object]>([
    ['GET', '/api/status', undefined, 200, { cloud: { disabled: true, source: 'env' } }],
    ['POST', '/api/me', undefined, 503, { error: 'account unavailable' }],
    ['POST', '/api/signout', undefined, 401, { error: 'you are not currently signed in' }],
    ['DELETE', '/api/user/keys/abc', undefined, 401, { error: 'you are not currently signed in' }],
    ['POST', '/api/experimental/web_search', '', 400, { error: 'missing request body' }],
    [
      'POST',
      '/api/experimental/web_search',
      '{"query":"x"}',
      403,
      { error: 'ollama cloud is disabled: web search is unavailable' },
    ],
    ['POST', '/api/experimental/web_fetch', ' \n', 400, { error: 'missing request body' }],
    [
      'POST',
      '/api/experimental/web_fetch',
      '{"url":"x"}',
      403,
      { error: 'ollama cloud is disabled: web fetch is unavailable' },
    ],
    ['GET', '/api/experimental/model-recommendations', undefined, 200, { recommendations: [] }],
  ])('%s %s with %j', async (method, path, body, status, answer) => {
    expect(await ask(method, path, body)).toEqual([status, answer]);
  });
});

describe('a name that is marked as one of the cloud', () => {
  const marked = ['gpt-oss:20b-cloud', 'here:1b:cloud', 'here:cloud', 'HERE:1b:CLOUD'];

  test.each([
    ['/api/chat', { messages: [{ role: 'user', content: 'x' }] }, 'remote model is unavailable'],
    ['/api/generate', { prompt: 'x' }, 'remote model is unavailable'],
    ['/api/embed', { input: 'x' }, 'remote model is unavailable'],
    ['/api/embeddings', { prompt: 'x' }, 'remote model is unavailable'],
    ['/api/show', {}, 'remote model details are unavailable'],
  ])('is refused by %s', async (path, body, what) => {
    for (const model of marked) {
      expect(await ask('POST', path, { model, ...body })).toEqual([
        403,
        { error: `ollama cloud is disabled: ${what}` },
      ]);
    }
    expect(await ask('POST', path, { model: 'a//b:cloud', ...body })).toEqual([
      400,
      { error: 'invalid model name' },
    ]);
  });

  test.each(['chat/completions', 'completions', 'embeddings', 'messages', 'responses'])(
    'is refused by /v1/%s before anything else is looked at',
    async path => {
      const error = 'ollama cloud is disabled: remote model is unavailable';
      for (const model of [...marked, ' here:cloud ']) {
        const body = { model, messages: 5, input: 5, stream: 'x' };
        expect(await ask('POST', `/v1/${path}`, body)).toEqual([403, { error }]);
      }
    },
  );

  test('is refused in the shape of the API where it should search the web', async () => {
    const messages = [{ role: 'user', content: 'x' }];
    const body = { model: 'here:cloud', max_tokens: 5, messages, tools: [{ type: 'web_search_20250305' }] };
    expect(await ask('POST', '/v1/messages', body)).toMatchObject([
      403,
      { error: { type: 'permission_error', message: 'ollama cloud is disabled: web search is unavailable' } },
    ]);
    expect(await ask('POST', '/v1/messages', { ...body, max_tokens: 0 })).toMatchObject([
      400,
      { error: { message: 'max_tokens is required and must be positive' } },
    ]);
    const asked = { model: 'here:cloud', input: 'x', tools: [{ type: 'web_search' }] };
    expect(await ask('POST', '/v1/responses', asked)).toMatchObject([
      403,
      { error: { type: 'api_error', message: 'ollama cloud is disabled: remote model is unavailable' } },
    ]);
  });

  test('is a part of the name for pull and delete', async () => {
    expect(await ask('POST', '/api/pull', { model: 'x:20b:cloud', stream: false })).toEqual([
      200,
      { status: 'success' },
    ]);
    expect(await ask('POST', '/api/pull', { model: 'x:cloud', stream: false })).toEqual([
      200,
      { status: 'success' },
    ]);
    expect((await store.list()).map(({ name }) => name.tag)).toEqual(['cloud', '20b-cloud', '1b']);
    expect(await ask('DELETE', '/api/delete', { model: 'x:20b:cloud' })).toEqual([200, '']);
    expect(await ask('DELETE', '/api/delete', { model: 'x:30b:cloud' })).toEqual([
      404,
      { error: "model 'x:30b:cloud' not found" },
    ]);
  });

  test('is an ordinary one for copy, create and push', async () => {
    expect(await ask('POST', '/api/copy', { source: 'here:1b', destination: 'mine:cloud' })).toEqual([
      200,
      '',
    ]);
    expect(await ask('POST', '/api/create', { model: 'own-cloud', from: 'here:1b', stream: false })).toEqual([
      200,
      { status: 'success' },
    ]);
    expect(await ask('POST', '/api/chat', { model: 'own-cloud', messages: [] })).toMatchObject([
      200,
      { done_reason: 'load' },
    ]);
    expect(await ask('POST', '/api/push', { model: 'x:cloud', stream: false })).toEqual([
      500,
      { error: 'there is no registry in memory' },
    ]);
  });

  test('and as a local one is refused', async () => {
    const error = 'use either :local or :cloud, not both: "x:cloud:local"';
    for (const [method, path] of [
      ['POST', '/api/pull'],
      ['DELETE', '/api/delete'],
      ['POST', '/api/show'],
    ]) {
      expect(await ask(method, path, { model: 'x:cloud:local' })).toEqual([400, { error }]);
    }
  });
});

test('a name that is marked as a local one is the name without the mark', async () => {
  expect(await ask('POST', '/api/chat', { model: 'here:1b:local', messages: [] })).toMatchObject([
    200,
    { model: 'here:1b:local' },
  ]);
});

test.each([
  [{}, 400, 'model is required'],
  [{ model: 'a//b' }, 500, 'unqualified name: a/!MISSING!/b:latest'],
])('a push of %j is refused', async (body, status, error) => {
  expect(await ask('POST', '/api/push', { ...body, stream: false })).toEqual([status, { error }]);
});
