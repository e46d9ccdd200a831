/** Models that run on other servers: `create` with `remote_host`, and what is asked of such a model. */
import { createServer, type ServerOptions } from '@tabllama/server';
import { describe, expect, test, vi } from 'vitest';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { type OtherServer, startOther, writeEvents, writeLines } from './other-server.ts';
import { createScriptedEngine } from './scripted-engine.ts';

const when = '2026-01-01T00:00:00Z';
const version = { '/api/version': () => ({ version: '0.33.0' }) };

async function setup(
  other: OtherServer,
  options: ServerOptions['remote'] = { hosts: [other.url] },
  store: MemoryStore = createMemoryStore(),
) {
  const server = createServer({ engines: [createScriptedEngine()], store, remote: options });
  const post = (path: string, body: object, signal?: AbortSignal) =>
    server.fetch(new Request(`http://x${path}`, { method: 'POST', body: JSON.stringify(body), signal }));
  const made = await post('/api/create', {
    model: 'far',
    from: 'big:70b',
    remote_host: other.url,
    system: 'Be brief.',
    parameters: { temperature: 0.5 },
    info: { capabilities: ['completion', 'tools'] },
  });
  expect(made.status).toBe(200);
  await made.text();
  return { server, store, post };
}

const lines = async (response: Response) =>
  (await response.text())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

describe('chat with a model on an Ollama elsewhere', () => {
  const said = (content: string) => ({
    model: 'big:70b',
    created_at: when,
    message: { role: 'assistant', content },
    done: false,
  });
  const end = {
    model: 'big:70b',
    created_at: when,
    message: { role: 'assistant', content: '' },
    done: true,
    done_reason: 'stop',
    eval_count: 2,
  };
  const ollama = () =>
    startOther({
      ...version,
      '/api/chat': (_, response) => writeLines(response, [said('Hel'), said('lo'), end]),
    });

  test('streams its lines under the name that was asked for', async () => {
    await using other = await ollama();
    const { post } = await setup(other);
    const response = await post('/api/chat', { model: 'FAR', messages: [{ role: 'user', content: 'Hi' }] });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const remote = { remote_model: 'big:70b', remote_host: other.url };
    const all = await lines(response);
    expect(all).toEqual([said('Hel'), said('lo'), end].map(line => ({ ...line, model: 'FAR', ...remote })));
    expect(Object.keys(all[0]).slice(0, 4)).toEqual(['model', 'remote_model', 'remote_host', 'created_at']);
  });

  test('a question that failed is asked again, and so is a server that was busy', async () => {
    let busy = true;
    await using other = await startOther({
      '/api/version': (_, response) => {
        if (!busy) return { version: '0.33.0' };
        response.writeHead(503).end();
      },
      '/api/chat': (_, response) => writeLines(response, [said('Hel'), end]),
      '/v1/chat/completions': (_, response) => void response.writeHead(404).end(),
    });
    let asked = 0;
    const ask = async () => {
      if (asked++ === 0) throw new Error('the dialog is closed');
      return true;
    };
    const { post } = await setup(other, { ask });
    const chat = () => post('/api/chat', { model: 'far', messages: [{ role: 'user', content: 'Hi' }] });
    expect((await chat()).status).toBe(500);
    expect((await chat()).status).toBe(404);
    busy = false;
    expect((await chat()).status).toBe(200);
    expect(asked).toBe(2);
  });

  test('joins them where no stream is asked for', async () => {
    await using other = await ollama();
    const { post } = await setup(other);
    const response = await post('/api/chat', {
      model: 'far',
      stream: false,
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({
      model: 'far',
      remote_model: 'big:70b',
      message: { content: 'Hello' },
      done: true,
      eval_count: 2,
    });
  });

  test('sends a format on as it was written', async () => {
    await using other = await ollama();
    const { server } = await setup(other);
    const format = '{"properties":{"2":{"const":1.50},"1":{"enum":[1e2,"é"]}}}';
    const body = `{"model":"far","format":${format},"messages":[{"role":"user","content":"Hi"}]}`;
    const response = await server.fetch(new Request('http://x/api/chat', { method: 'POST', body }));
    expect((await lines(response)).at(-1)).toMatchObject({ done: true });
    expect(other.requests.at(-1)!.text).toContain(`"format":${format}`);
  });

  test("sends the request on with the model's own system text and parameters", async () => {
    await using other = await ollama();
    const { post } = await setup(other);
    const tools = [
      {
        type: 'function',
        function: {
          name: 'f',
          description: 'd',
          parameters: { type: 'object', properties: { a: { type: 'string' } } },
        },
      },
    ];
    const body = {
      messages: [{ role: 'USER', content: 'Hi', images: ['AAAA'] }],
      tools,
      think: 'high',
      format: { type: 'object' },
      options: { seed: 1 },
    };
    await (
      await post('/api/chat', { model: 'far', ...body, keep_alive: '-1s', options: { seed: 1 } })
    ).text();
    expect(other.requests.at(-1)!.body).toEqual({
      ...body,
      model: 'big:70b',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi', images: ['AAAA'] },
      ],
      options: { temperature: 0.5, seed: 1 },
      keep_alive: -1,
    });
    await (
      await post('/api/chat', { model: 'far', messages: [{ role: 'user', content: 'Hi' }], keep_alive: '1m' })
    ).text();
    expect(other.requests.at(-1)!.body).toMatchObject({ keep_alive: 60 });
  });

  test('an abort reaches the other server', async () => {
    await using other = await startOther({
      ...version,
      '/api/chat': (_, response) => void response.write(`${JSON.stringify(said('Hel'))}\n`),
    });
    const { post } = await setup(other);
    const controller = new AbortController();
    const response = await post(
      '/api/chat',
      { model: 'far', messages: [{ role: 'user', content: 'Hi' }] },
      controller.signal,
    );
    const reader = response.body!.getReader();
    await reader.read();
    controller.abort(new Error('enough'));
    await expect(reader.read()).rejects.toThrow('enough');
    await other.aborted;
  });

  test('a reader that goes away stops the other server too', async () => {
    await using other = await startOther({
      ...version,
      '/api/chat': (_, response) => void response.write(`${JSON.stringify(said('Hel'))}\n`),
    });
    const { post } = await setup(other);
    const response = await post('/api/chat', { model: 'far', messages: [{ role: 'user', content: 'Hi' }] });
    await response.body!.cancel();
    await other.aborted;
  });

  test.each([
    ['an error of Ollama', 404, '{"error":"model \'big:70b\' not found"}', "model 'big:70b' not found"],
    ['an error in words', 429, 'slow down', 'slow down'],
    ['an error with a long page', 503, 'x'.repeat(200_000), 'x'.repeat(1000)],
    ["an error of OpenAI's shape", 400, '{"error":{"message":"no such thing"}}', 'no such thing'],
  ])('%s keeps its status', async (_, status, text, error) => {
    await using other = await startOther({
      ...version,
      '/api/chat': (_, response) => void response.writeHead(status).end(text),
    });
    const { post } = await setup(other);
    const response = await post('/api/chat', { model: 'far', messages: [{ role: 'user', content: 'Hi' }] });
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  });

  test('an error in the middle is the last line', async () => {
    await using other = await startOther({
      ...version,
      '/api/chat': (_, response) => writeLines(response, [said('a'), { error: 'out of memory' }]),
    });
    const { post } = await setup(other);
    const all = await lines(
      await post('/api/chat', { model: 'far', messages: [{ role: 'user', content: 'Hi' }] }),
    );
    expect(all.at(-1)).toEqual({ error: 'out of memory' });
  });

  test('an answer that is no JSON, and a server that is gone, are told', async () => {
    const other = await startOther({ ...version, '/api/chat': (_, response) => void response.end('<html>') });
    const { post } = await setup(other);
    const ask = () =>
      post('/api/chat', { model: 'far', stream: false, messages: [{ role: 'user', content: 'Hi' }] });
    expect(await (await ask()).json()).toEqual({
      error: 'the other server sent "<html>" where JSON was expected',
    });
    await other[Symbol.asyncDispose]();
    const response = await ask();
    expect(response.status).toBe(502);
    expect(((await response.json()) as { error: string }).error).toContain(
      `cannot reach ${other.url}/api/chat`,
    );
  });

  test('under a name that is marked as local there is no such model', async () => {
    await using other = await ollama();
    const { post } = await setup(other);
    const response = await post('/api/chat', { model: 'far:latest:local', messages: [] });
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: "model 'far:latest:local' not found" },
    ]);
  });
});

test.each([[[7]], [[['1']]], [{}], ['x'], [[null]]])('%j is no answer to embed', async embeddings => {
  await using other = await startOther({ ...version, '/api/embed': () => ({ embeddings }) });
  const { post } = await setup(other);
  const answer = await post('/api/embed', { model: 'far', input: 'a' });
  expect([answer.status, await answer.json()]).toEqual([502, { error: 'the other server sent no vectors' }]);
});

test('generate, embed, embeddings and show are sent on as well', async () => {
  await using other = await startOther({
    ...version,
    '/api/generate': (_, response) =>
      writeLines(response, [
        { model: 'x', created_at: when, response: 'Hi', done: false },
        { model: 'x', created_at: when, response: '', done: true, context: [1] },
      ]),
    '/api/embed': () => ({ model: 'x', embeddings: [[0.6, 0.8]], prompt_eval_count: 3, total_duration: 5 }),
    '/api/embeddings': () => ({ embedding: [1, 2] }),
    '/api/show': () => ({
      modelfile: 'theirs',
      template: '{{ .Prompt }}',
      details: { family: 'llama' },
      model_info: { 'general.architecture': 'llama' },
      capabilities: ['completion'],
      modified_at: when,
    }),
  });
  const { server, post } = await setup(other);
  expect(await (await post('/api/generate', { model: 'far', prompt: 'Say', stream: false })).json()).toEqual({
    model: 'far',
    remote_model: 'big:70b',
    remote_host: other.url,
    created_at: when,
    response: 'Hi',
    done: true,
    context: [1],
  });
  expect(other.requests.at(-1)!.body).toMatchObject({ model: 'big:70b', prompt: 'Say', system: 'Be brief.' });
  expect(await (await post('/api/embed', { model: 'far', input: 'a' })).json()).toEqual({
    model: 'far',
    embeddings: [[0.6, 0.8]],
    total_duration: 5,
    prompt_eval_count: 3,
  });
  expect(other.requests.at(-1)!.body).toMatchObject({ model: 'big:70b', input: ['a'] });
  expect(await (await post('/api/embeddings', { model: 'far', prompt: 'a' })).json()).toEqual({
    embedding: [1, 2],
  });
  expect(await (await post('/api/show', { model: 'far' })).json()).toMatchObject({
    remote_model: 'big:70b',
    remote_host: other.url,
    system: 'Be brief.',
    template: '{{ .Prompt }}',
    parameters: `${'temperature'.padEnd(30)} 0.5`,
    details: { family: 'llama' },
    capabilities: ['completion', 'tools'],
    model_info: { 'general.architecture': 'llama' },
  });
  const tags = await (await server.fetch(new Request('http://x/api/tags'))).json();
  expect(tags.models[0]).toMatchObject({
    name: 'far:latest',
    remote_model: 'big:70b',
    remote_host: other.url,
    details: { format: '', family: '' },
    capabilities: ['completion', 'tools'],
  });
});

test("OpenAI's API reaches it as well", async () => {
  await using other = await startOther({
    ...version,
    '/api/chat': (_, response) =>
      writeLines(response, [
        { message: { role: 'assistant', content: 'Hi' }, done: false },
        { message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 2 },
      ]),
    '/api/embed': () => ({ embeddings: [[0.6, 0.8]], prompt_eval_count: 3 }),
  });
  const { post } = await setup(other);
  const messages = [{ role: 'user', content: 'Say hi' }];
  expect(await (await post('/v1/chat/completions', { model: 'far', messages })).json()).toMatchObject({
    model: 'far',
    choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }],
    usage: { completion_tokens: 2 },
  });
  expect(await (await post('/v1/embeddings', { model: 'far', input: 'a' })).json()).toMatchObject({
    data: [{ embedding: [0.6, 0.8] }],
    usage: { prompt_tokens: 3 },
  });
});

test('a model that is made of one elsewhere runs there too', async () => {
  await using other = await startOther({
    ...version,
    '/api/chat': (_, response) =>
      writeLines(response, [{ message: { role: 'assistant', content: 'x' }, done: true }]),
  });
  const { post } = await setup(other);
  await (await post('/api/create', { model: 'child', from: 'far', system: 'Be long.' })).text();
  await (await post('/api/chat', { model: 'child', messages: [{ role: 'user', content: 'Hi' }] })).text();
  expect(other.requests.at(-1)!.body).toMatchObject({
    model: 'big:70b',
    messages: [{ content: 'Be long.' }, {}],
    options: { temperature: 0.5 },
  });
});

describe('the user of the page', () => {
  const hi = { model: 'far', messages: [{ role: 'user', content: 'Hi' }], stream: false };
  const ollama = () =>
    startOther({
      ...version,
      '/api/chat': () => ({ message: { role: 'assistant', content: 'Yes' }, done: true }),
    });

  test('who allows nothing has nothing sent anywhere', async () => {
    await using other = await ollama();
    const { post } = await setup(other, {});
    for (const [path, body] of [
      ['/api/chat', hi],
      ['/api/generate', { model: 'far', prompt: 'Hi' }],
      ['/api/embed', { model: 'far', input: 'a' }],
    ] as const) {
      const response = await post(path, body);
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({
        error: `the user of this page has not allowed requests to ${other.url}, where this model runs`,
      });
    }
    // what is known here is shown, as in Ollama
    const shown = await post('/api/show', { model: 'far' });
    expect([shown.status, await shown.json()]).toEqual([
      200,
      expect.objectContaining({ remote_host: other.url, model_info: {} }),
    ]);
    expect(other.requests).toEqual([]);
  });

  test('is asked once for each server, and the yes is remembered', async () => {
    await using other = await ollama();
    const ask = vi.fn(async () => true);
    const { post, store } = await setup(other, { ask });
    const answers = await Promise.all([post('/api/chat', hi), post('/api/chat', hi)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(ask.mock.calls).toEqual([[other.url]]);
    const later = vi.fn(async () => false);
    const again = await setup(other, { ask: later }, store);
    expect((await again.post('/api/chat', hi)).status).toBe(200);
    expect(later).toHaveBeenCalledTimes(0);
  });

  test('who says no is not asked again before the next start', async () => {
    await using other = await ollama();
    const ask = vi.fn(async () => false);
    const { post, store } = await setup(other, { ask });
    for (let i = 0; i < 2; i++) expect((await post('/api/chat', hi)).status).toBe(403);
    expect(ask).toHaveBeenCalledTimes(1);
    expect(other.requests).toEqual([]);
    const yes = await setup(other, { ask: async () => true }, store);
    expect((await yes.post('/api/chat', hi)).status).toBe(200);
  });

  test("is not asked for Ollama's cloud, which is refused in Ollama's words", async () => {
    const ask = vi.fn(async () => true);
    await using other = await ollama();
    const { post } = await setup(other, { ask });
    await (await post('/api/create', { model: 'cloudy', from: 'gpt-oss:20b-cloud' })).text();
    const refused = { error: 'ollama cloud is disabled: remote model is unavailable' };
    const response = await post('/api/chat', { ...hi, model: 'cloudy' });
    expect([response.status, await response.json()]).toEqual([403, refused]);
    expect(await (await post('/api/show', { model: 'cloudy' })).json()).toEqual({
      error: 'ollama cloud is disabled: remote model details are unavailable',
    });
    expect(ask).toHaveBeenCalledTimes(0);
  });

  test('has nothing sent for a model that runs here', async () => {
    const fetch = vi.fn();
    const ask = vi.fn(async () => true);
    const store = createMemoryStore();
    const { readFileSync } = await import('node:fs');
    const file = readFileSync(new URL('../../../fixtures/models/stories260K-q8_0.gguf', import.meta.url));
    await store.install(
      { host: 'registry.ollama.ai', namespace: 'library', model: 'here', tag: 'latest' },
      file,
    );
    const server = createServer({
      engines: [createScriptedEngine()],
      store,
      remote: { fetch, ask, hosts: ['x'] },
    });
    const body = JSON.stringify({ ...hi, model: 'here' });
    expect((await server.fetch(new Request('http://x/api/chat', { method: 'POST', body }))).status).toBe(200);
    expect([fetch, ask].map(each => each.mock.calls.length)).toEqual([0, 0]);
  });
});

describe('where a model runs', () => {
  test.each([
    ['https://ollama.com', 'https://ollama.com:11434'],
    ['ollama.com', 'https://ollama.com:443'],
    ['http://ollama.com', 'https://ollama.com:443'],
    ['gpu.local', 'http://gpu.local:11434'],
    ['gpu.local:8080', 'http://gpu.local:8080'],
    ['https://gpu.local:443/a//b/../c/', 'https://gpu.local:443/a/c'],
    ['http://x/', 'http://x:11434'],
    ['/proxy/', 'http://localhost:11434/proxy'],
    ['/', 'http://localhost:11434/'],
    ['[::1]', 'http://[::1]:11434'],
    ['http://[::1]:80', 'http://[::1]:80'],
  ])('%s is stored as %s', async (remote_host, stored) => {
    const store = createMemoryStore();
    const server = createServer({ engines: [], store });
    const body = JSON.stringify({ model: 'a', from: 'b', remote_host, stream: false });
    expect(
      await (await server.fetch(new Request('http://x/api/create', { method: 'POST', body }))).json(),
    ).toEqual({ status: 'success' });
    expect((await store.list())[0].config).toMatchObject({
      remote_host: stored,
      remote_model: 'b',
      model_format: '',
    });
  });

  test.each([
    [{ remote_host: 'http://[::1' }, 'bad remote'],
    [{ remote_host: 'http://a b' }, 'bad remote'],
    [{ remote_host: 'x', from: 'a//b' }, 'invalid model name'],
    [{ remote_host: 'x', draft_files: { 'a.gguf': 'sha256:00' } }, 'DRAFT cannot be used with remote models'],
  ])('%j is refused', async (body, error) => {
    const server = createServer({ engines: [], store: createMemoryStore() });
    const request = new Request('http://x/api/create', {
      method: 'POST',
      body: JSON.stringify({ model: 'a', from: 'b', ...body }),
    });
    const response = await server.fetch(request);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
  });
});

describe("a model on a server that has OpenAI's API only", () => {
  const chunk = (delta: object, more: object = {}) => ({ choices: [{ index: 0, delta, ...more }] });
  const ask = { model: 'far', stream: false };

  test('chats: text, thinking, figures', async () => {
    await using other = await startOther({
      '/v1/chat/completions': (_, response) =>
        writeEvents(response, [
          chunk({ role: 'assistant', content: null }),
          chunk({ reasoning_content: 'Hm' }),
          chunk({ content: 'Hel' }),
          chunk({ content: 'lo' }),
          chunk({}, { finish_reason: 'length' }),
          { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } },
        ]),
    });
    const { post } = await setup(other);
    const body = {
      ...ask,
      messages: [{ role: 'user', content: 'Hi', images: ['AAAA'] }],
      format: { type: 'object' },
      options: { num_predict: 9, stop: ['x'] },
      think: false,
    };
    expect(await (await post('/api/chat', body)).json()).toMatchObject({
      model: 'far',
      remote_model: 'big:70b',
      message: { role: 'assistant', content: 'Hello', thinking: 'Hm' },
      done: true,
      done_reason: 'length',
      prompt_eval_count: 7,
      eval_count: 2,
    });
    expect(other.requests.at(-1)!.body).toMatchObject({
      model: 'big:70b',
      stream: true,
      max_tokens: 9,
      temperature: 0.5,
      stop: ['x'],
      chat_template_kwargs: { enable_thinking: false },
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Hi' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        },
      ],
    });
  });

  test('calls tools: pieces of calls become whole ones, and answers name their calls', async () => {
    await using other = await startOther({
      '/v1/chat/completions': (_, response) =>
        writeEvents(response, [
          chunk({ tool_calls: [{ index: 0, id: 'c1', function: { name: 'f', arguments: '{"a"' } }] }),
          chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
          chunk({ tool_calls: [{ index: 1, id: 'c2', function: { name: 'g', arguments: '' } }] }),
          chunk({}, { finish_reason: 'tool_calls' }),
        ]),
    });
    const { post } = await setup(other);
    const call = (name: string) => ({ function: { name, arguments: { a: 1 } } });
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', tool_calls: [call('f'), call('g')] },
      { role: 'tool', tool_name: 'g', content: '2' },
      { role: 'tool', tool_name: 'f', content: '1' },
    ];
    const tools = [
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ];
    expect(await (await post('/api/chat', { ...ask, messages, tools })).json()).toMatchObject({
      message: {
        tool_calls: [
          { id: 'c1', function: { index: 0, name: 'f', arguments: { a: 1 } } },
          { id: 'c2', function: { index: 1, name: 'g', arguments: {} } },
        ],
      },
      done_reason: 'stop',
    });
    const sent = other.requests.at(-1)!.body.messages as {
      tool_call_id?: string;
      tool_calls?: { id: string }[];
    }[];
    const ids = sent[2].tool_calls!.map(({ id }) => id);
    expect(sent.slice(3).map(({ tool_call_id }) => tool_call_id)).toEqual([ids[1], ids[0]]);
    expect(sent[2].tool_calls![0]).toMatchObject({
      type: 'function',
      function: { name: 'f', arguments: '{"a":1}' },
    });
  });

  test('generates by a chat of one message, and raw by a completion', async () => {
    await using other = await startOther({
      '/v1/chat/completions': (_, response) =>
        writeEvents(response, [chunk({ content: 'Hi' }), chunk({}, { finish_reason: 'stop' })]),
      '/v1/completions': (_, response) =>
        writeEvents(response, [
          { choices: [{ text: ' there' }] },
          { choices: [{ text: '', finish_reason: 'stop' }] },
        ]),
    });
    const { post } = await setup(other);
    expect(await (await post('/api/generate', { ...ask, prompt: 'Say' })).json()).toMatchObject({
      response: 'Hi',
      done: true,
      done_reason: 'stop',
    });
    expect(await (await post('/api/generate', { ...ask, prompt: 'Hi', raw: true })).json()).toMatchObject({
      response: ' there',
    });
    expect(other.requests.at(-1)).toMatchObject({ path: '/v1/completions', body: { prompt: 'Hi' } });
  });

  test.each([[7], [null], [[{ embedding: 1e9 }]], [[null]]])('%j is no answer to embed', async data => {
    await using other = await startOther({ '/v1/embeddings': () => ({ data }) });
    const { post } = await setup(other);
    const { status } = await post('/api/embed', { model: 'far', input: ['a'] });
    expect(status).toBe(502);
  });

  test('embeds, though every other path is a long page', async () => {
    await using other = await startOther({
      '/api/version': (_, response) => void response.end('<p>Hello</p>'.repeat(10_000)),
      '/v1/embeddings': () => ({ data: [{ index: 0, embedding: [0.6, 0.8] }], usage: { prompt_tokens: 4 } }),
    });
    const { post } = await setup(other);
    expect(await (await post('/api/embed', { model: 'far', input: ['a'] })).json()).toEqual({
      model: 'far',
      embeddings: [[0.6, 0.8]],
      prompt_eval_count: 4,
    });
    expect(await (await post('/api/embeddings', { model: 'far', prompt: 'a' })).json()).toEqual({
      embedding: [0.6, 0.8],
    });
  });

  test('is shown with what its name was made with', async () => {
    await using other = await startOther({});
    const { post } = await setup(other);
    expect(await (await post('/api/show', { model: 'far' })).json()).toMatchObject({
      remote_model: 'big:70b',
      model_info: {},
      capabilities: ['completion', 'tools'],
    });
  });

  test.each([
    [
      'refuses',
      (response: import('node:http').ServerResponse) =>
        void response.writeHead(401).end('{"error":{"message":"no key"}}'),
      401,
      'no key',
    ],
    [
      'fails in the middle',
      (response: import('node:http').ServerResponse) =>
        writeEvents(response, [{ error: { message: 'out of memory' } }]),
      500,
      'out of memory',
    ],
    [
      'stops too early',
      (response: import('node:http').ServerResponse) => writeEvents(response, [chunk({ content: 'a' })]),
      502,
      'the other server ended its answer too early',
    ],
    [
      'calls a tool with no JSON',
      (response: import('node:http').ServerResponse) =>
        writeEvents(response, [
          chunk({ tool_calls: [{ index: 1e9, function: { name: 'f', arguments: '{' } }] }),
          chunk({}, { finish_reason: 'stop' }),
        ]),
      502,
      'the other server sent "{" where JSON was expected',
    ],
  ])('that %s is told', async (_, write, status, error) => {
    await using other = await startOther({ '/v1/chat/completions': (_, response) => write(response) });
    const { post } = await setup(other);
    const response = await post('/api/chat', { ...ask, messages: [{ role: 'user', content: 'Hi' }] });
    expect([response.status, await response.json()]).toEqual([status, { error }]);
  });
});
