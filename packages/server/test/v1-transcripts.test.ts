/** Exchanges of the compatible APIs, recorded from a real Ollama: the same bytes, but for ids and times. */
import { readFileSync } from 'node:fs';
import { type Delta, parseModelName } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { expect, test } from 'vitest';
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
const thinker =
  '{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}';
const caller =
  '{{ .Tools }}{{ range .Messages }}{{ .Content }}{{ range .ToolCalls }}<tool_call>{{ . }}{{ end }}{{ end }}';

/** What the recorded model said, as an engine says it. */
const end = (promptTokens: number, tokens: number, done: Delta['done'] = 'stop'): Delta => {
  return { done, stats: { promptTokens, tokens, cachedTokens: 0, promptNs: 1, evalNs: 1 } };
};
const yes = [{ content: 'Yes' }, { content: '.' }];
const thought = [{ thinking: 'a' }, { thinking: ' b' }, { content: 'c' }, { content: ' d' }, end(13, 7)];
const call = { function: { name: 'get_weather', arguments: { city: 'Rome' } } };
const called = [{ content: 'Let me' }, { content: ' check.' }, { content: ' ' }, { toolCalls: [call] }];

async function replay(name: string, deltas: readonly Delta[] = []) {
  const text = readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8');
  const { request, response: recorded } = JSON.parse(text) as Exchange;
  const store = createMemoryStore();
  await store.install(parseModelName('smollm2:135m')!, stories);
  await store.install(parseModelName('parrot-think')!, stories, { template: thinker });
  await store.install(parseModelName('parrot-tool')!, stories, { template: caller });
  const server = createServer({ engines: [createScriptedEngine({ deltas })], store });
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
  ['think-v1-chat', thought],
  ['think-v1-chat-stream', thought],
  ['think-v1-messages', thought],
  ['think-v1-messages-stream', thought],
  ['think-v1-responses', thought],
  ['think-v1-responses-stream', thought],
  ['tool-v1-chat', [...called, end(178, 6)]],
  ['tool-v1-chat-stream', [...called, end(178, 6)]],
  ['tool-v1-messages', [...called, end(178, 6)]],
  ['tool-v1-messages-stream', [...called, end(178, 6)]],
  ['tool-v1-responses', [...called, end(177, 6)]],
  ['tool-v1-responses-stream', [...called, end(177, 6)]],
])('%s: the same answer', replay);

test('v1-chat-completions-logprobs: the same answer', async () => {
  const name = 'v1-chat-completions-logprobs';
  const text = readFileSync(new URL(`ollama-transcripts/${name}.json`, fixtures), 'utf8');
  const [{ text: answer }] = (JSON.parse(text) as Exchange).response.chunks;
  const { choices } = JSON.parse(answer) as { choices: [{ logprobs: { content: Delta['logprobs'] } }] };
  const logprobs = choices[0].logprobs.content!.map(one => [one]);
  await replay(name, [
    { content: 'Yes', logprobs: logprobs[0] },
    { content: '.', logprobs: logprobs[1] },
    end(14, 2, 'length'),
  ]);
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
