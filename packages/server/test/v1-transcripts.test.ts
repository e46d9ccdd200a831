/** Exchanges of the compatible APIs, recorded from a real Ollama: the same bytes, but for ids and times. */
import { readFileSync } from 'node:fs';
import { type Delta, type Engine, parseModelName } from '@tabllama/api';
import { createEngine } from '@tabllama/engine';
import { createReferenceEmbedder, createReferenceRunner } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { expect, test } from 'vitest';
import { createParrot } from '../../engine/test/parrot.ts';
import { createMemoryStore } from './memory-store.ts';
import { createScriptedEngine } from './scripted-engine.ts';

interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: object };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: readonly { readonly text: string }[];
  };
}

const fixtures = new URL('../../../fixtures/', import.meta.url);
const stories = readFileSync(new URL('models/stories260K-f32.gguf', fixtures));

/** What the recorded model said, as an engine says it. */
const end = (promptTokens: number, tokens: number, done: Delta['done'] = 'stop'): Delta => {
  return { done, stats: { promptTokens, tokens, cachedTokens: 0, promptNs: 1, evalNs: 1 } };
};
const yes = [{ content: 'Yes' }, { content: '.' }];

/** Models that say what they are told, for those that thought or called a tool. */
const parrots = {
  'parrot-think': {
    pieces: ['<think>', 'a', ' b', '</think>', 'c', ' d'],
    template:
      '{{- range .Messages }}{{ .Role }}: {{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}\n{{ end }}<go>',
  },
  'parrot-tool': {
    pieces: [
      'Let me',
      ' check.',
      ' <tool_call>',
      '{"name":"get_weather","arguments":{"city":"Rome"}}',
      '</tool_call>',
    ],
    template:
      '{{- if .Tools }}{{ .Tools }}\n{{ end }}{{- range .Messages }}{{ .Role }}: {{ .Content }}{{- if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>{{ end }}\n{{ end }}<go>',
  },
};

async function replay(name: string, engine: Engine = createScriptedEngine()) {
  const text = readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8');
  const { request, response: recorded } = JSON.parse(text) as Exchange;
  const store = createMemoryStore();
  await store.install(parseModelName('smollm2:135m')!, stories);
  for (const [parrot, { pieces, template }] of Object.entries(parrots)) {
    await store.install(parseModelName(parrot)!, createParrot(pieces).file(), { template });
  }
  const server = createServer({ engines: [engine], store });
  const { method, path, body } = request;
  const response = await server.fetch(
    new Request(`http://localhost:11434${path}`, { method, body: body && JSON.stringify(body) }),
  );
  expect(response.status).toBe(recorded.status);
  for (const header of ['content-type', 'cache-control']) {
    expect(response.headers.get(header)).toBe(recorded.headers[header] ?? null);
  }
  const ours = await response.text();
  expect(anonymous(ours)).toBe(anonymous(recorded.chunks.map(chunk => chunk.text).join('')));
}

const anonymous = (text: string) =>
  text
    .replace(/\b(chatcmpl|cmpl|msg|req|fc|rs|resp|call)[_-](resp_)?[0-9a-z]+(_[0-9])?"/g, '$1"')
    .replace(/"(created|created_at|completed_at)":[0-9]+/g, '"$1":0');

test.each<[string, readonly Delta[]]>([
  ['v1-chat-completions', [...yes, end(14, 3)]],
  ['v1-chat-completions-stream', [...yes, end(14, 3)]],
  ['v1-chat-completions-stream-usage', [...yes, end(14, 2, 'length')]],
  ['v1-completions', [...yes, end(14, 3)]],
  ['v1-completions-stream', [...yes, end(14, 3)]],
  ['v1-messages', [...yes, end(14, 3)]],
  ['v1-messages-stream', [...yes, end(14, 3)]],
  ['v1-responses', [...yes, end(14, 3)]],
  ['v1-responses-stream', [...yes, end(14, 3)]],
])('%s: the same answer', (name, deltas) => replay(name, createScriptedEngine({ deltas })));

test.each([
  'think-v1-chat',
  'think-v1-chat-stream',
  'think-v1-messages',
  'think-v1-messages-stream',
  'think-v1-responses',
  'think-v1-responses-stream',
  'tool-v1-chat',
  'tool-v1-chat-stream',
  'tool-v1-messages',
  'tool-v1-messages-stream',
  'tool-v1-responses',
  'tool-v1-responses-stream',
])('%s: the same answer, by a model', name => {
  const openRunner = createReferenceRunner;
  const estimate = () => ({ device: 0, kvCache: 0 });
  return replay(name, createEngine({ openRunner, openEmbedder: createReferenceEmbedder, estimate }));
});

test('v1-chat-completions-logprobs: the same answer', async () => {
  const name = 'v1-chat-completions-logprobs';
  const text = readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8');
  const [{ text: answer }] = (JSON.parse(text) as Exchange).response.chunks;
  const { choices } = JSON.parse(answer) as { choices: [{ logprobs: { content: Delta['logprobs'] } }] };
  const logprobs = choices[0].logprobs.content!.map(one => [one]);
  const deltas = [
    { content: 'Yes', logprobs: logprobs[0] },
    { content: '.', logprobs: logprobs[1] },
    end(14, 2, 'length'),
  ];
  await replay(name, createScriptedEngine({ deltas }));
});

test.each([
  'v1-chat-error-400',
  'v1-chat-error-404',
  'v1-messages-error-400',
  'v1-messages-error-404',
  'v1-model',
  'v1-model-missing',
])('%s: the same answer', name => replay(name));

test('v1-models: the same fields', async () => {
  const text = readFileSync(new URL('ollama-transcripts/v1-models.json', fixtures), 'utf8');
  const [{ text: recorded }] = (JSON.parse(text) as Exchange).response.chunks;
  const store = createMemoryStore();
  const server = createServer({ engines: [createScriptedEngine()], store });
  const list = () => server.fetch(new Request('http://localhost/v1/models'));
  expect(await (await list()).text()).toBe('{"object":"list","data":null}\n');
  for (const name of ['smollm2:135m', 'test', 'mike/x']) await store.install(parseModelName(name)!, stories);
  const ours = anonymous(await (await list()).text());
  const [entry] = anonymous(recorded).match(/\{[^{}]*smollm2[^{}]*\}/)!;
  const named = (id: string, owner: string) => entry.replace('smollm2:135m', id).replace('library', owner);
  const all = [named('mike/x:latest', 'mike'), named('test:latest', 'library'), entry];
  expect(ours).toBe(`{"object":"list","data":[${all.join(',')}]}\n`);
});
