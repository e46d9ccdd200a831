/** Unmodified clients from npm over `server.fetch`. */
import { readFileSync } from 'node:fs';
import Anthropic from '@anthropic-ai/sdk';
import { parseModelName } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import { createScriptedEngine, type Script } from './scripted-engine.ts';

const stories = readFileSync(new URL('../../../fixtures/models/stories260K-f32.gguf', import.meta.url));
const host = 'http://localhost:11434';
const able =
  '{{ .Tools }}{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}';
const messages = [{ role: 'user' as const, content: 'Hi' }];
const parameters = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const end = {
  done: 'stop' as const,
  stats: { promptTokens: 3, cachedTokens: 0, promptNs: 1, tokens: 4, evalNs: 1 },
};
const thinksAndCalls = [
  { thinking: 'hm' },
  { content: 'Let me see' },
  { toolCalls: [{ function: { name: 'weather', arguments: { city: 'Rome' } } }] },
  end,
];

async function open(script: Script = {}) {
  const store = createMemoryStore({ 'b:latest': stories });
  await store.install(parseModelName('m')!, stories, { template: able });
  const server = createServer({ engines: [createScriptedEngine(script)], store });
  const fetch = (url: string | URL | Request, init?: RequestInit) => server.fetch(new Request(url, init));
  return {
    store,
    ollama: new Ollama({ host, fetch }),
    openai: new OpenAI({ baseURL: `${host}/v1`, apiKey: 'none', fetch, maxRetries: 0 }),
    anthropic: new Anthropic({ baseURL: host, apiKey: 'none', fetch, maxRetries: 0 }),
  };
}

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

describe('ollama', () => {
  test('lists, shows, pulls, creates, copies and deletes', async () => {
    const { ollama } = await open();
    expect((await ollama.list()).models.map(model => model.name)).toEqual(['m:latest']);
    const statuses = await all(await ollama.pull({ model: 'b', stream: true }));
    expect(statuses.at(-1)!.status).toBe('success');
    await ollama.create({ model: 'c', from: 'b', system: 'S', stream: false });
    expect((await ollama.show({ model: 'c' })).system).toBe('S');
    await ollama.copy({ source: 'c', destination: 'd' });
    await ollama.delete({ model: 'c' });
    expect((await ollama.list()).models.map(model => model.name)).toEqual([
      'd:latest',
      'b:latest',
      'm:latest',
    ]);
    await expect(ollama.show({ model: 'c' })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'c:latest' not found",
    });
  });

  test('chats, generates, and aborts', async () => {
    const { ollama } = await open();
    const { message } = await ollama.chat({ model: 'm', messages });
    expect(message).toMatchObject({ role: 'assistant', content: 'Hello world' });
    const parts = await all(await ollama.generate({ model: 'm', prompt: 'Hi', stream: true }));
    expect(parts.map(part => part.response).join('')).toBe('Hello world');
    expect((await ollama.ps()).models).toHaveLength(1);
    const stream = await ollama.chat({ model: 'm', messages, stream: true });
    stream.abort();
    await expect(all(stream)).rejects.toThrow();
  });

  test('thinks and calls tools', async () => {
    const { ollama } = await open({ deltas: thinksAndCalls });
    const tools = [{ type: 'function', function: { name: 'weather', description: 'd', parameters } }];
    const { message } = await ollama.chat({ model: 'm', messages, tools, think: true });
    expect(message).toMatchObject({
      thinking: 'hm',
      content: 'Let me see',
      tool_calls: [{ function: { name: 'weather', arguments: { city: 'Rome' } } }],
    });
  });
});

describe('openai', () => {
  test('lists and retrieves models', async () => {
    const { openai } = await open();
    expect(await all(openai.models.list())).toMatchObject([{ id: 'm:latest', owned_by: 'library' }]);
    expect(await openai.models.retrieve('m')).toMatchObject({ id: 'm', object: 'model' });
    await expect(openai.models.retrieve('x')).rejects.toMatchObject({ status: 404, type: 'not_found_error' });
  });

  test('chats whole and in chunks', async () => {
    const { openai } = await open();
    const whole = await openai.chat.completions.create({ model: 'm', messages });
    expect(whole.choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'Hello world' },
      finish_reason: 'stop',
    });
    const options = { include_usage: true };
    const stream = openai.chat.completions.stream({ model: 'm', messages, stream_options: options });
    const { choices, usage } = await stream.finalChatCompletion();
    expect(choices[0].message.content).toBe('Hello world');
    expect(usage).toEqual(whole.usage);
  });

  test('calls tools', async () => {
    const { openai } = await open({ deltas: thinksAndCalls });
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];
    const stream = openai.chat.completions.stream({ model: 'm', messages, tools });
    const [{ message, finish_reason }] = (await stream.finalChatCompletion()).choices;
    expect(finish_reason).toBe('tool_calls');
    expect(message.tool_calls).toMatchObject([
      { type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
    ]);
  });

  test('an error within a stream is thrown', async () => {
    const { openai } = await open({
      beforePiece(_, i) {
        if (i === 1) throw new Error('no such luck');
      },
    });
    const stream = await openai.chat.completions.create({ model: 'm', messages, stream: true });
    await expect(all(stream)).rejects.toThrow('no such luck');
  });

  test('completes text', async () => {
    const { openai } = await open();
    const stream = await openai.completions.create({ model: 'm', prompt: 'Hi', stream: true });
    expect((await all(stream)).map(chunk => chunk.choices[0].text).join('')).toBe('Hello world');
  });

  test('responses, whole and as events', async () => {
    const { openai } = await open();
    const whole = await openai.responses.create({ model: 'm', input: 'Hi' });
    expect(whole.output_text).toBe('Hello world');
    const final = await openai.responses.stream({ model: 'm', input: 'Hi' }).finalResponse();
    expect(final.output_text).toBe('Hello world');
    expect(final.usage).toEqual(whole.usage);
  });

  test('responses with thoughts and calls', async () => {
    const { openai } = await open({ deltas: thinksAndCalls });
    const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: null }];
    const events = await all(await openai.responses.create({ model: 'm', input: 'Hi', tools, stream: true }));
    const last = events.at(-1)!;
    const output = last.type === 'response.completed' ? last.response.output : [];
    expect(output.map(item => item.type)).toEqual(['reasoning', 'function_call', 'message']);
  });
});

describe('anthropic', () => {
  const request = { model: 'm', max_tokens: 10, messages };

  test('messages, whole and as events', async () => {
    const { anthropic } = await open({ deltas: thinksAndCalls });
    const tools = [{ name: 'weather', input_schema: parameters }];
    const whole = await anthropic.messages.create({ ...request, tools });
    const final = await anthropic.messages.stream({ ...request, tools }).finalMessage();
    for (const message of [whole, final]) {
      expect(message).toMatchObject({
        stop_reason: 'tool_use',
        usage: { input_tokens: 3, output_tokens: 4 },
        content: [
          { type: 'thinking', thinking: 'hm' },
          { type: 'text', text: 'Let me see' },
          { type: 'tool_use', name: 'weather', input: { city: 'Rome' } },
        ],
      });
    }
  });

  test('errors are of its own classes, within a stream too', async () => {
    const { anthropic } = await open({
      beforePiece(_, i) {
        if (i === 1) throw new Error('no such luck');
      },
    });
    await expect(anthropic.messages.create({ ...request, model: 'x' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    await expect(anthropic.messages.stream(request).finalMessage()).rejects.toThrow('no such luck');
  });
});
