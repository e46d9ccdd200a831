/** Real answers: the engine on the reference ops with a small trained model, behind the server. */
import { readFileSync } from 'node:fs';
import { parseModelName } from '@tabllama/api';
import { createEngine } from '@tabllama/engine';
import { createReferenceEmbedder, createReferenceRunner } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { beforeAll, expect, test } from 'vitest';
import { ggufWithTemplate } from './gguf-with-template.ts';
import { createMemoryStore } from './memory-store.ts';

const fixtures = new URL('../../../fixtures/', import.meta.url);
const stories = readFileSync(new URL('models/stories260K-f32.gguf', fixtures));
const golden = JSON.parse(readFileSync(new URL('golden/stories260K-f32.json', fixtures), 'utf8')) as {
  prompt: string;
  text: string;
  promptTokens: number[];
  generated: number[];
};
const template =
  '{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}';

const store = createMemoryStore();
const engine = createEngine({
  openRunner: createReferenceRunner,
  openEmbedder: createReferenceEmbedder,
  estimate: () => ({ device: 0, kvCache: 0 }),
});
const server = createServer({ engines: [engine], store });

beforeAll(async () => {
  await store.install(parseModelName('stories')!, stories);
  await store.install(parseModelName('talker')!, ggufWithTemplate(stories, template));
});

const send = (path: string, body: object) =>
  server.fetch(new Request(`http://localhost${path}`, { method: 'POST', body: JSON.stringify(body) }));
const options = { temperature: 0, num_predict: 12, num_ctx: 256 };

test('generate says what llama.cpp says, in pieces and whole', async () => {
  const body = { model: 'stories', prompt: golden.prompt, raw: true, options };
  const whole = (await (await send('/api/generate', { ...body, stream: false })).json()) as Record<
    string,
    unknown
  >;
  expect(whole).toMatchObject({
    model: 'stories',
    done: true,
    done_reason: 'length',
    prompt_eval_count: golden.promptTokens.length,
    eval_count: 12,
  });
  const lines = (await (await send('/api/generate', body)).text()).trimEnd().split('\n');
  const parsed = lines.map(line => JSON.parse(line) as { response: string; done: boolean });
  expect(parsed.map(line => line.response).join('')).toBe(whole.response);
  expect(parsed.filter(line => line.done)).toEqual([parsed.at(-1)]);
  expect(parsed.at(-1)).toMatchObject({ response: '', prompt_eval_count: golden.promptTokens.length });
});

test('the same seed says the same, another seed something else', async () => {
  const say = async (seed: number) => {
    const body = { model: 'stories', prompt: 'One day', stream: false, options: { num_predict: 16, seed } };
    return ((await (await send('/api/generate', body)).json()) as { response: string }).response;
  };
  const first = await say(42);
  expect(await say(42)).toBe(first);
  expect(await say(43)).not.toBe(first);
});

test('chat goes through the template of the file, and its next turn finds the first in the cache', async () => {
  const user = { role: 'user', content: 'Tell me a story' };
  const ask = async (messages: object[]) =>
    (await (await send('/api/chat', { model: 'talker', messages, stream: false, options })).json()) as {
      message: { role: string; content: string };
      prompt_eval_count: number;
    };
  const debug = await send('/api/chat', {
    model: 'talker',
    messages: [user],
    options,
    _debug_render_only: true,
  });
  expect(await debug.json()).toMatchObject({
    _debug_info: { rendered_template: '[user] Tell me a story\n[assistant]' },
  });
  const first = await ask([user]);
  expect(first.message.role).toBe('assistant');
  expect(first.message.content).not.toBe('');
  const second = await ask([user, first.message, { role: 'user', content: 'More' }]);
  expect(second.prompt_eval_count).toBeGreaterThan(first.prompt_eval_count);
});

test('the context of an answer continues it', async () => {
  const body = { model: 'talker', prompt: 'Hi', stream: false, options };
  const first = (await (await send('/api/generate', body)).json()) as { context: number[]; response: string };
  const debug = await send('/api/generate', { ...body, context: first.context, _debug_render_only: true });
  const { _debug_info } = (await debug.json()) as { _debug_info: { rendered_template: string } };
  const turn = '[user] Hi\n[assistant]';
  // with the blank that SentencePiece puts before a text, as in Ollama
  expect(_debug_info.rendered_template).toBe(` ${turn}${first.response}${turn}`);
});

test('a stop text ends the answer and is not part of it', async () => {
  const say = async (more: object) => {
    const body = {
      model: 'stories',
      prompt: 'Once upon a time',
      raw: true,
      stream: false,
      options: { ...options, ...more },
    };
    return (await (await send('/api/generate', body)).json()) as { response: string; done_reason: string };
  };
  const { response } = await say({});
  const stop = response.slice(5, 8);
  expect(await say({ stop: [stop] })).toMatchObject({
    response: response.slice(0, response.indexOf(stop)),
    done_reason: 'stop',
  });
});

const city = {
  type: 'object',
  properties: { name: { enum: ['Paris', 'Rome'] }, '10': { type: 'integer', minimum: 1, maximum: 9 } },
  required: ['name', '10'],
};

test('a format is kept, streamed or not, by generate and by chat', async () => {
  // `JSON.stringify` puts the key that looks like an integer first
  const format = JSON.stringify(city).replace(/("10":{.*?}),("name":{.*?})/, '$2,$1');
  const say = async (path: string, stream: boolean) => {
    const body = JSON.stringify({
      model: 'talker',
      prompt: 'Hi',
      messages: [{ role: 'user', content: 'Hi' }],
      stream,
      options: { seed: 3, num_predict: 160, num_ctx: 256 },
    });
    const request = { method: 'POST', body: body.replace('{', `{"format":${format},`) };
    const response = await server.fetch(new Request(`http://localhost${path}`, request));
    const lines = (await response.text()).trimEnd().split('\n');
    return lines
      .map(line => JSON.parse(line) as { response?: string; message?: { content: string } })
      .map(({ response, message }) => response ?? message?.content)
      .join('');
  };
  for (const path of ['/api/generate', '/api/chat']) {
    const whole = await say(path, false);
    expect(whole).toMatch(/^\s*{\s*"name":\s*"(Paris|Rome)",\s*"10":\s*[1-9](\.0*)?\s*}$/);
    expect(await say(path, true)).toBe(whole);
  }
});

test('a schema is kept, keys in its own order, under OpenAI’s two APIs as well', async () => {
  const schema = JSON.stringify(city).replace(/("10":{.*?}),("name":{.*?})/, '$2,$1');
  const bodies = {
    '/v1/chat/completions': `"messages":[{"role":"user","content":"Hi"}],"max_tokens":160,"seed":3,"response_format":{"type":"json_schema","json_schema":{"name":"city","schema":${schema}}}`,
    '/v1/responses': `"input":"Hi","max_output_tokens":160,"temperature":0,"text":{"format":{"type":"json_schema","name":"city","schema":${schema}}}`,
  };
  for (const [path, fields] of Object.entries(bodies)) {
    const request = { method: 'POST', body: `{"model":"talker",${fields}}` };
    const text = await (await server.fetch(new Request(`http://localhost${path}`, request))).text();
    const [, said] = /"(?:content|text)":("\s*\{(?:[^"\\]|\\.)*")/.exec(text) ?? [];
    expect(JSON.parse(said)).toMatch(/^\s*{\s*"name":\s*"(Paris|Rome)",\s*"10":\s*[1-9](\.0*)?\s*}$/);
  }
  const refused = await send('/v1/chat/completions', {
    model: 'talker',
    messages: [{ role: 'user', content: 'Hi' }],
    response_format: { type: 'json_schema', json_schema: { schema: { type: 'nonsense' } } },
  });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
});

test('a schema that cannot be enforced is refused before the answer begins', async () => {
  const format = { type: 'object', properties: { a: { type: 'string', pattern: '(a)\\1' } } };
  for (const stream of [true, false]) {
    const response = await send('/api/generate', {
      model: 'stories',
      prompt: 'x',
      raw: true,
      format,
      stream,
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(/"\/properties\/a".*"pattern"/);
  }
});

test('the figures of ps are those of the runner', async () => {
  const response = await server.fetch(new Request('http://localhost/api/ps'));
  const { models } = (await response.json()) as {
    models: { size: number; size_vram: number; context_length: number }[];
  };
  for (const model of models) {
    expect(model.size).toBe(model.size_vram);
    expect(model.context_length).toBeLessThanOrEqual(512);
  }
});
