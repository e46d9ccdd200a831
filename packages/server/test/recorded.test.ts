/** Exchanges with small models, recorded from a real Ollama: the same words, token by token, from the engine on the reference ops. */
import { readFileSync } from 'node:fs';
import { parseModelName } from '@tabllama/api';
import { createEngine } from '@tabllama/engine';
import { createReferenceEmbedder, createReferenceRunner } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { beforeAll, describe, expect, test } from 'vitest';
import { ggufWithTemplate } from './gguf-with-template.ts';
import { createMemoryStore } from './memory-store.ts';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: object };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}
type Line = Record<string, unknown>;

const root = new URL('../../../', import.meta.url);
const stories = readFileSync(new URL('fixtures/models/stories260K-f32.gguf', root));
const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/ollama-transcripts/${name}.json`, root), 'utf8')) as Exchange;
const textOf = ({ response }: Exchange) => response.chunks.map(chunk => chunk.text).join('');
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line);

const store = createMemoryStore();
const engine = createEngine({
  openRunner: createReferenceRunner,
  openEmbedder: createReferenceEmbedder,
  estimate: () => ({ device: 0, kvCache: 0 }),
  windowStep: 256,
});
const server = createServer({ engines: [engine], store });
const fetch = (path: string, init: RequestInit) => server.fetch(new Request(`http://localhost${path}`, init));
const post = (path: string, body: object) => fetch(path, { method: 'POST', body: JSON.stringify(body) });

/** The templates of the models that the recordings name. */
const templates = {
  test: '{{if .System}}System: {{.System}} {{end}}{{if .Prompt}}User: {{.Prompt}} {{end}}{{if .Response}}Assistant: {{.Response}} {{end}}',
  'test-fim':
    '{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>{{- else }}{{ .Prompt }}{{- end }}',
  'test-tools':
    '{{- if .Tools }}TOOLS {{ .Tools }}\n{{ end }}{{- range .Messages }}{{ .Role }}: {{ .Content }}{{ range .ToolCalls }}<tool_call>{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}</tool_call>{{ end }}\n{{ end }}',
};

beforeAll(async () => {
  const jinja = (JSON.parse(textOf(recorded('show-jinja'))) as { template: string }).template;
  await store.install(parseModelName('test-jinja')!, ggufWithTemplate(stories, jinja));
  await store.install(parseModelName('acc-base')!, stories);
  for (const [model, template] of Object.entries(templates)) {
    await (await post('/api/create', { model, from: 'acc-base', template, stream: false })).text();
  }
});

async function replay(exchange: Exchange): Promise<Line[]> {
  const { path, body = {} } = exchange.request;
  const response = await post(path, body);
  expect(response.status).toBe(exchange.response.status);
  expect(response.headers.get('content-type')).toBe(exchange.response.headers['content-type']);
  return linesOf(await response.text());
}

/** A line without what no two answers share. */
const withoutTimes = (line: Line) =>
  Object.fromEntries(
    Object.entries(line).map(([key, value]) => [key, /_duration$|_at$/.test(key) ? '' : value]),
  );

test.each(['chat-jinja-stream', 'seed-generate-suffix', 'seed-chat-tools-render'])(
  '%s: the same lines, but for times',
  async name => {
    const exchange = recorded(name);
    const ours = await replay(exchange);
    expect(ours.map(withoutTimes)).toEqual(linesOf(textOf(exchange)).map(withoutTimes));
    expect(ours.map(Object.keys)).toEqual(linesOf(textOf(exchange)).map(Object.keys));
  },
);

test('error-context-*: a prompt that does not fit, in its own number of tokens', async () => {
  const weights = readFileSync(new URL('models/smollm2-135m-instruct-q4_1.gguf', root));
  const template = (JSON.parse(textOf(recorded('seed-show'))) as { template: string }).template;
  await store.install(parseModelName('smollm2:135m')!, weights, { template });
  for (const name of ['error-context-truncate-false', 'error-context-shift-false']) {
    const exchange = recorded(name);
    expect(await replay(exchange)).toEqual(linesOf(textOf(exchange)));
  }
  await (await post('/api/generate', { model: 'smollm2:135m', keep_alive: 0 })).text();
}, 120_000);

test('a template that cannot be used is an error before any line, and leaves the model free', async () => {
  for (const stream of [true, false]) {
    const refused = await post('/api/generate', {
      model: 'test',
      prompt: 'x',
      template: '{{ .Prompt',
      stream,
    });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([
      500,
      'application/json; charset=utf-8',
    ]);
    expect(await refused.json()).toEqual({ error: expect.stringContaining('unclosed action') });
  }
  const options = { num_predict: 1 };
  expect((await post('/api/generate', { model: 'test', prompt: 'x', options, stream: false })).status).toBe(
    200,
  );
});

describe('lists', () => {
  test('seed-tags: models of the same file have the same entries', async () => {
    const expected = (JSON.parse(textOf(recorded('seed-tags'))) as { models: Line[] }).models;
    const { models } = (await (await fetch('/api/tags', {})).json()) as { models: Line[] };
    for (const name of ['test:latest', 'test-tools:latest', 'test-jinja:latest', 'acc-base:latest']) {
      const [theirs, ours] = [expected, models].map(all => all.find(model => model.name === name));
      expect(Object.keys(ours!)).toEqual(Object.keys(theirs!));
      const { details, capabilities, model } = theirs!;
      expect(ours).toMatchObject({ details, capabilities, model });
    }
  });

  test('seed-ps: a loaded model with its window', async () => {
    await (await post('/api/generate', { model: 'test-fim', keep_alive: '5m' })).text();
    const find = (all: { models: Line[] }) => all.models.find(model => model.name === 'test-fim:latest')!;
    const theirs = find(JSON.parse(textOf(recorded('seed-ps'))));
    const ours = find((await (await fetch('/api/ps', {})).json()) as { models: Line[] });
    expect(Object.keys(ours)).toEqual(Object.keys(theirs));
    const { details, context_length } = theirs;
    expect(ours).toMatchObject({ details, context_length });
  });
});
