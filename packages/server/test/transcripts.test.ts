/** Exchanges recorded from a real Ollama, replayed: status, headers that matter, and bodies wherever they do not depend on the weights. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { parseModelName } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { beforeEach, describe, expect, test } from 'vitest';
import { readFolder } from '../../create/test/fixtures.ts';
import { ggufWithTemplate } from './gguf-with-template.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { saidToBe } from './said-to-be.ts';
import { createScriptedEngine } from './scripted-engine.ts';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}

const fixtures = new URL('../../../fixtures/', import.meta.url);
const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8')) as Exchange;
const textOf = (exchange: Exchange) => exchange.response.chunks.map(chunk => chunk.text).join('');
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

const stories = readFileSync(new URL('models/stories260K-f32.gguf', fixtures));
const jinja = JSON.parse(textOf(recorded('show-jinja'))) as Record<string, string>;
const chatml =
  '{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n';
const smollm2Template =
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
/** llama.cpp's number. */
const bf16 = 32;
const params = '{"stop":["\\u003c|im_start|\\u003e","\\u003c|im_end|\\u003e"]}\n';
const recordedWeights = 'sha256:941f309b54caaad6747569ba43712bcde44a2be3bae16c3282ff499c37c54af5';

let store: MemoryStore;
let weights: string;
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  store = createMemoryStore({ '127.0.0.1:36931/library/tiny:latest': stories });
  weights = await store.install(parseModelName('smollm2:135m')!, stories, { template: chatml, params });
  await store.install(parseModelName('test-jinja')!, ggufWithTemplate(stories, jinja.template));
  server = createServer({ engines: [createScriptedEngine()], store });
});

/** Sends the recorded request; blobs of a recording are written "(n bytes)". */
function replay({ request }: Exchange): Promise<Response> {
  const { method, path, body } = request;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return server.fetch(
    new Request(`http://localhost:11434${path}`, { method, body: method === 'GET' ? undefined : text }),
  );
}

const headersThatMatter = (headers: Headers) =>
  Object.fromEntries(
    ['content-type', 'allow', 'location'].map(name => [name, headers.get(name)]).filter(([, value]) => value),
  );

const same = [
  'error-404',
  'error-405',
  'error-bad-json',
  'error-empty-body',
  'error-format',
  'error-image-chat',
  'error-image-generate',
  'error-image-jinja',
  'error-not-found-chat',
  'error-not-found-generate',
  'error-not-found-show',
  'error-null',
  'error-option-type',
  'error-suffix',
  'error-think',
  'error-tools',
  'error-wrong-type',
  'seed-chat-images',
  'seed-chat-tools',
  'seed-generate-images',
  'root',
  'head-ps',
  'head-root',
  'head-show',
  'head-tags',
  'options-plain',
  'trailing-slash-get',
  'trailing-slash-post',
  'seed-blob-missing',
  'seed-copy',
  'seed-delete-missing',
  'create-error-nothing',
  'create-error-template',
  'pull-missing',
  'pull-missing-no-stream',
  'pull-no-stream',
  'status',
];

test.each(same)('%s: the same answer', async name => {
  const exchange = recorded(name);
  const response = await replay(exchange);
  expect(response.status).toBe(exchange.response.status);
  expect(headersThatMatter(response.headers)).toEqual(
    headersThatMatter(new Headers(exchange.response.headers)),
  );
  expect(response.headers.get('date')).toMatch(/GMT$/);
  expect(await response.text()).toBe(textOf(exchange));
});

test('HEAD /api/version says how long the body would be', async () => {
  const response = await replay(recorded('head-version'));
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe(String('{"version":"0.33.0"}'.length));
});

test('a blob that is there is known by HEAD', async () => {
  const response = await server.fetch(
    new Request(`http://x/api/blobs/${weights.replace(':', '-')}`, { method: 'HEAD' }),
  );
  expect(response.status).toBe(recorded('seed-blob-exists').response.status);
  expect(headersThatMatter(response.headers)).toEqual({});
});

test('a blob under another digest is refused with its true one', async () => {
  const exchange = recorded('seed-blob-push-wrong');
  const [given, actual] = textOf(exchange).match(/sha256:[0-9a-f]{64}/g)!;
  const response = await server.fetch(
    new Request(`http://x${exchange.request.path}`, { method: 'POST', body: '{' }),
  );
  const ours = await response.text();
  expect(response.status).toBe(exchange.response.status);
  const got = ours.match(/got \\"(sha256:[0-9a-f]{64})/)![1];
  expect(exchange.request.path).toContain(given);
  expect(ours).toBe(textOf(exchange).replace(actual, got));
  expect(store.blobs.has(got)).toBe(true);
});

test('delete answers with an empty body that is not null, and the model is gone', async () => {
  await replay(recorded('seed-copy'));
  const response = await replay(recorded('seed-delete'));
  expect(response.status).toBe(200);
  expect(response.body).not.toBeNull();
  expect(await response.text()).toBe('');
  expect((await store.list()).map(model => model.name.model)).toEqual(['test-jinja', 'smollm2']);
});

test.each(['seed-chat-load', 'seed-chat-unload', 'seed-generate-load', 'seed-generate-unload'])(
  '%s: one JSON body',
  async name => {
    const exchange = recorded(name);
    const response = await replay(exchange);
    expect(headersThatMatter(response.headers)).toEqual(
      headersThatMatter(new Headers(exchange.response.headers)),
    );
    const body = (await response.json()) as Record<string, unknown>;
    const [expected] = linesOf(textOf(exchange));
    expect(Object.keys(body)).toEqual(Object.keys(expected));
    expect({ ...body, created_at: '' }).toEqual({ ...expected, created_at: '' });
  },
);

test.each([
  'seed-chat',
  'seed-chat-stream',
  'seed-generate',
  'seed-generate-stream',
  'seed-generate-raw',
  'seed-generate-options',
  'chat-debug',
  'generate-debug',
])('%s: the same fields in the same order, line by line', async name => {
  const exchange = recorded(name);
  const response = await replay(exchange);
  expect(response.status).toBe(200);
  expect(headersThatMatter(response.headers)).toEqual(
    headersThatMatter(new Headers(exchange.response.headers)),
  );
  const [ours, theirs] = [linesOf(await response.text()), linesOf(textOf(exchange))];
  for (const at of [0, -1]) {
    expect(Object.keys(ours.at(at)!)).toEqual(Object.keys(theirs.at(at)!));
    const shapes = [ours, theirs].map(lines => lines.at(at)!.message ?? {});
    expect(Object.keys(shapes[0])).toEqual(Object.keys(shapes[1]));
  }
});

describe('create', () => {
  test.each(['seed-create', 'create-full-stream'])('%s: the same layers, line by line', async name => {
    const exchange = recorded(name);
    const response = await replay(exchange);
    expect(response.status).toBe(200);
    expect(headersThatMatter(response.headers)).toEqual({ 'content-type': 'application/x-ndjson' });
    const template = 'sha256:e3b2721cec511e3a627ae0993753abbf5c72cdf4cfcdbc8f5c33ce15c4c4e04b';
    expect(store.blobs.has(template)).toBe(true);
    expect(await response.text()).toBe(textOf(exchange).replaceAll(recordedWeights, weights));
  });

  test('create-quantize-f32-source: weights that do not say their type are not quantized', async () => {
    await store.install(parseModelName('acc-f32')!, stories);
    const exchange = recorded('create-quantize-f32-source');
    const response = await replay(exchange);
    expect(response.status).toBe(exchange.response.status);
    expect(await response.text()).toBe(textOf(exchange));
  });

  test.each(['create-quantize-q8_0', 'seed-create-quantize'])(
    '%s: the same bytes, line by line',
    async name => {
      const synthetic = readFileSync(new URL('models/synthetic-llama-f32.gguf.br', fixtures));
      const file = saidToBe(brotliDecompressSync(synthetic), bf16);
      await store.install(parseModelName('acc-bf16')!, file, { template: '{{ .Prompt }}' });
      const body = JSON.stringify({ model: 'acc-f16', from: 'acc-bf16', quantize: 'F16', stream: false });
      await server.fetch(new Request('http://x/api/create', { method: 'POST', body }));
      const exchange = recorded(name);
      const response = await replay(exchange);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(textOf(exchange));
    },
  );

  test('seed-create-safetensors: from uploaded files, which are others here', async () => {
    const files: Record<string, string> = {};
    for (const [path, bytes] of Object.entries(readFolder('tiny-bert'))) {
      files[path] = (await store.putBlob(bytes)).digest;
    }
    const exchange = recorded('seed-create-safetensors');
    const response = await replay({
      ...exchange,
      request: { ...exchange.request, body: { model: 'fred', files } },
    });
    const text = await response.text();
    const { digest } = (await store.find(parseModelName('fred')!))!.model!;
    expect(text).toBe(textOf(exchange).replace(/sha256:[0-9a-f]{64}/, digest));
  });

  test('seed-create-gguf: from an uploaded file', async () => {
    const upload = await server.fetch(
      new Request(`http://x/api/blobs/${weights}`, { method: 'POST', body: stories }),
    );
    expect(upload.status).toBe(200);
    const exchange = recorded('seed-create-gguf');
    const response = await replay({
      ...exchange,
      request: { ...exchange.request, body: { model: 'my-gguf-model', files: { 'test.gguf': weights } } },
    });
    const expected = textOf(exchange).replace(/sha256:[0-9a-f]{64}/, weights);
    expect(await response.text()).toBe(expected);
  });
});

describe('a file with a chat template that Ollama knows', () => {
  const file = ggufWithTemplate(stories, smollm2Template);
  const digest = `sha256:${createHash('sha256').update(file).digest('hex')}`;

  beforeEach(async () => {
    await server.fetch(new Request(`http://x/api/blobs/${digest}`, { method: 'POST', body: file }));
  });

  test('create-gguf-large: its template is replaced', async () => {
    const exchange = recorded('create-gguf-large');
    const body = { model: 'smollm2:135m', files: { 'smollm2.gguf': digest } };
    const response = await replay({ ...exchange, request: { ...exchange.request, body } });
    const recordedFile = Object.values((exchange.request.body as { files: object }).files)[0];
    expect(await response.text()).toBe(textOf(exchange).replaceAll(recordedFile, digest));

    const expected = JSON.parse(textOf(recorded('show'))) as Record<string, string>;
    const shown = (await (await replay(recorded('show'))).json()) as Record<string, string>;
    expect(shown.modelfile).toBe(
      expected.modelfile.replace('<models>/', '').replace(recordedWeights.slice(7), digest.slice(7)),
    );
    const { template, parameters, capabilities } = expected;
    expect(shown).toMatchObject({ template, parameters, capabilities });
    expect(Object.keys(shown)).toEqual(Object.keys(expected));
  });

  test('a template of the request stands, and the stop texts stay', async () => {
    const body = {
      model: 'own',
      files: { 'smollm2.gguf': digest },
      template: '{{ .Prompt }}!',
      parameters: { top_k: 3 },
    };
    const request = { ...recorded('create-gguf-large').request, body };
    const text = await (await replay({ ...recorded('create-gguf-large'), request })).text();
    expect(text).not.toContain('autodetected');
    const model = await store.find(parseModelName('own')!);
    expect(model).toMatchObject({
      template: '{{ .Prompt }}!',
      parameters: { stop: ['<|im_start|>', '<|im_end|>'], top_k: 3 },
    });
  });
});

describe('show', () => {
  test('show-full: a model with every kind of layer', async () => {
    await (await replay(recorded('create-full-stream'))).text();
    const exchange = recorded('show-full');
    const expected = JSON.parse(textOf(exchange)) as Record<string, unknown>;
    const body = (await (await replay(exchange)).json()) as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(Object.keys(expected));
    const digest = (modelfile: unknown) =>
      String(modelfile).replace('<models>/', '').replace(recordedWeights.slice(7), weights.slice(7));
    expect(body.modelfile).toBe(digest(expected.modelfile));
    const { license, parameters, template, system, messages, capabilities } = expected;
    expect(body).toMatchObject({ license, parameters, template, system, messages, capabilities });
    expect((body.details as { parent_model: string }).parent_model).toBe('smollm2:135m');
  });

  test('show-jinja: the template of the file, and the keys of its header', async () => {
    const exchange = recorded('show-jinja');
    const expected = JSON.parse(textOf(exchange)) as Record<string, Record<string, unknown>>;
    const body = (await (await replay(exchange)).json()) as typeof expected;
    expect(String(body.template).replace(/\{# *#\}$/, '')).toBe(expected.template);
    expect(body.details).toEqual(expected.details);
    expect(Object.keys(body)).toEqual(Object.keys(expected));
    // llama-quantize, through which Ollama sends a file, writes a key of its own.
    const { 'general.file_type': _, ...info } = expected.model_info;
    expect(body.model_info).toMatchObject(info);
    const tensors = body.tensors as unknown as { name: string }[];
    for (const tensor of expected.tensors as unknown as { name: string }[]) {
      if (typeof tensor !== 'string') expect(tensors).toContainEqual(tensor);
    }
  });
});

describe('pull', () => {
  test('pull-again: blobs that are there have one line each', async () => {
    const exchange = recorded('pull-again');
    await (await replay(recorded('pull-no-stream'))).text();
    const lines = linesOf(await (await replay(exchange)).text());
    expect(lines[0]).toEqual({ status: 'pulling manifest' });
    expect(lines[1]).toEqual({
      status: `pulling ${weights.slice(7, 19)}`,
      digest: weights,
      total: stories.length,
      completed: stories.length,
    });
    expect(lines.slice(-3)).toEqual(linesOf(textOf(exchange)).slice(-3));
  });
});

test('tags and ps have the fields of the recorded ones', async () => {
  await replay(recorded('seed-generate-load'));
  const get = async (path: string) =>
    (await (await server.fetch(new Request(`http://x${path}`))).json()) as {
      models: Record<string, unknown>[];
    };
  const [tags, ps] = [await get('/api/tags'), await get('/api/ps')];
  const [expected] = (JSON.parse(textOf(recorded('ps'))) as typeof ps).models;
  expect(Object.keys(ps.models[0])).toEqual(Object.keys(expected));
  expect(Object.keys(ps.models[0].details as object)).toEqual(Object.keys(expected.details as object));
  expect(tags.models.map(model => model.name)).toEqual(['test-jinja:latest', 'smollm2:135m']);
  expect(tags.models[1]).toMatchObject({
    size: expect.any(Number),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    details: {
      parent_model: '',
      format: 'gguf',
      family: 'llama',
      families: ['llama'],
      parameter_size: '260K',
      quantization_level: 'unknown',
      context_length: 512,
      embedding_length: 64,
    },
    capabilities: ['completion'],
  });
});

test('a template that does not parse hides no other model, and is named where the model is used', async () => {
  await store.install(parseModelName('bad')!, stories, { template: '{{ .Prompt' });
  const response = await server.fetch(new Request('http://x/api/tags'));
  const { models } = (await response.json()) as { models: { name: string; capabilities?: string[] }[] };
  expect(models.map(({ name }) => name)).toContain('smollm2:135m');
  expect(models[0]).toMatchObject({ name: 'bad:latest' });
  expect(models[0]).not.toHaveProperty('capabilities');
  const body = JSON.stringify({ model: 'bad' });
  const shown = await server.fetch(new Request('http://x/api/show', { method: 'POST', body }));
  expect(shown.status).toBe(500);
  expect(await shown.json()).toEqual({ error: 'template: :1: unclosed action' });
});
