/** What is wrong with a request, in the words of a running Ollama (commit fb3076099), which was asked the same. */
import { createServer } from '@tabllama/server';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import { createScriptedEngine } from './scripted-engine.ts';

const server = createServer({ engines: [createScriptedEngine()], store: createMemoryStore() });
const send = (path: string, init: RequestInit) => server.fetch(new Request(`http://x${path}`, init));

async function ask(path: string, body: unknown): Promise<[number, string]> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await send(path, { method: 'POST', body: text });
  const { error } = (await response.json()) as { error: string | { message: string } };
  return [response.status, typeof error === 'string' ? error : error.message];
}

const hi = [{ role: 'user', content: 'x' }];
const withArguments = (args: unknown) => [{ tool_calls: [{ function: { name: 'f', arguments: args } }] }];
const withProperties = (properties: unknown) => [{ function: { name: 'f', parameters: { properties } } }];
const field = (name: string, type: string, json = 'number') =>
  `json: cannot unmarshal ${json} into Go struct field ${name} of type ${type}`;
const noObject = "Value looks like object, but can't find closing '}' symbol";

describe('a field of a wrong type is told with its path, and with the struct that it is in', () => {
  test.each<[path: string, body: object, message: string]>([
    ['/api/chat', { messages: [{ role: 5 }] }, field('ChatRequest.messages.role', 'string')],
    ['/api/chat', { tools: [{ type: 5 }] }, field('Tool.tools.type', 'string')],
    [
      '/api/chat',
      { tools: [{ function: { name: 5 } }] },
      field('ToolFunction.tools.function.name', 'string'),
    ],
    ['/v1/chat/completions', { tools: 5 }, field('ChatCompletionRequest.tools', '[]api.Tool')],
    ['/v1/chat/completions', { messages: [{ role: 5 }] }, field('Message.messages.role', 'string')],
    [
      '/v1/chat/completions',
      { messages: withArguments(5) },
      field('.messages.tool_calls.function.arguments', 'string'),
    ],
    ['/v1/responses', { tools: [{ type: 5 }] }, field('ResponsesTool.tools.type', 'string')],
    ['/v1/responses', { input: [{ role: 5 }] }, `input[0]: ${field('.role', 'string')}`],
    [
      '/v1/responses',
      { input: [{ type: 'reasoning', summary: 5 }] },
      `input[0]: ${field('ResponsesReasoningInput.summary', '[]openai.ResponsesReasoningSummary')}`,
    ],
    [
      '/v1/chat/completions',
      { messages: [{ tool_calls: [{ function: 5 }] }] },
      field(
        'ToolCall.messages.tool_calls.function',
        String.raw`struct { Name string "json:\"name\""; Arguments string "json:\"arguments\"" }`,
      ),
    ],
    ['/v1/messages', { messages: 5 }, field('MessagesRequest.messages', '[]anthropic.MessageParam')],
    ['/v1/messages', { messages: [null] }, 'unexpected end of JSON input'],
    ['/v1/messages', { messages: [{ role: 5 }] }, field('MessagesRequest.messages.role', 'string')],
    [
      '/v1/messages',
      { messages: [{ content: 5 }] },
      field('MessagesRequest.messages', '[]anthropic.ContentBlock'),
    ],
    [
      '/v1/messages',
      { messages: [{ content: [{ type: 5 }] }] },
      field('MessagesRequest.messages.type', 'string'),
    ],
    ['/v1/messages', { tool_choice: 5 }, field('MessagesRequest.tool_choice', 'anthropic.ToolChoice')],
    ['/v1/messages', { metadata: { user_id: 5 } }, field('Metadata.metadata.user_id', 'string')],
    ['/v1/messages', { tools: [{ max_uses: 'x' }] }, field('Tool.tools.max_uses', 'int', 'string')],
  ])('%s %j', async (path, body, message) => {
    expect(await ask(path, body)).toEqual([400, message]);
  });
});

test.each<[path: string, body: object | string, message: string]>([
  ['/api/chat', { stream: 'x', messages: [{ role: 5 }] }, field('ChatRequest.messages.role', 'string')],
  ['/api/chat', '{"keep_alive":1e400}', field('ChatRequest.keep_alive', 'float64', 'number 1e400')],
  ['/api/chat', { keep_alive: '9999999h' }, 'time: invalid duration "9999999h"'],
])('%s %j: what ends the decoding is told', async (path, body, message) => {
  expect(await ask(path, body)).toEqual([400, message]);
});

test.each(['{}', 5, [1], true])('the arguments of a call are an object, not %j', async args => {
  expect(await ask('/api/chat', { messages: withArguments(args) })).toEqual([400, noObject]);
});

test.each<[text: string, message: string]>([
  ['[]', noObject],
  ['{} x', "invalid character 'x' after top-level value"],
  ['{', 'unexpected end of JSON input'],
])('nor are they the text %j', async (text, message) => {
  const input = [{ type: 'function_call', call_id: 'a', name: 'f', arguments: text }];
  const failed = `failed to parse function call arguments: ${message}`;
  expect(await ask('/v1/responses', { model: 'none', input })).toEqual([400, failed]);
  const messages = [{ tool_calls: [{ function: { name: 'f', arguments: text } }] }];
  expect(await ask('/v1/chat/completions', { messages })).toEqual([400, 'invalid tool call arguments']);
});

test('no arguments may be written as null', async () => {
  const messages = withArguments('null');
  const [status] = await ask('/v1/chat/completions', { model: 'none', messages });
  expect(status).toBe(404);
});

describe('the schema of a tool', () => {
  const place = 'tools.function.parameters.properties';
  test.each<[properties: unknown, message: string]>([
    [5, noObject],
    [{ a: 5 }, field(`ToolFunctionParameters.${place}`, 'api.ToolProperty')],
    [{ a: { type: 5 } }, field(`ToolFunctionParameters.${place}.type`, '[]string')],
    [{ a: { type: ['x', 5] } }, field(`ToolFunctionParameters.${place}.type`, 'string')],
    [{ a: { enum: {} } }, field(`ToolFunctionParameters.${place}.enum`, '[]interface {}', 'object')],
    [{ a: { anyOf: [5] } }, field(`ToolFunctionParameters.${place}.anyOf`, 'api.ToolProperty')],
    [{ a: { properties: 5 } }, noObject],
    [
      { a: { properties: { b: { required: 5 } } } },
      field(`ToolFunctionParameters.${place}.properties.required`, '[]string'),
    ],
  ])('with the properties %j is refused', async (properties, message) => {
    const request = { model: 'none', messages: hi, tools: withProperties(properties) };
    expect(await ask('/api/chat', request)).toEqual([400, message]);
    expect(await ask('/v1/chat/completions', request)).toEqual([400, message]);
  });

  test('may say null for a property', async () => {
    const request = { model: 'none', messages: hi, tools: withProperties({ a: null }) };
    expect(await ask('/api/chat', request)).toEqual([404, "model 'none' not found"]);
  });
});

describe('a name', () => {
  test.each([
    ['/v1/chat/completions', 'x:cloud:local', "[] is too short - 'messages'"],
    ['/v1/chat/completions', ':cloud', "[] is too short - 'messages'"],
    ['/v1/completions', 'x:-cloud', 'invalid model name'],
    ['/v1/embeddings', ':cloud', 'invalid input'],
  ])('that is none is not one of the cloud: %s %s', async (path, model, message) => {
    expect(await ask(path, { model })).toEqual([400, message]);
  });

  test('of blanks is required', async () => {
    const response = await send('/v1/models/%20', {});
    expect(await response.json()).toMatchObject({ error: { message: 'model is required' } });
  });
});

describe('a request for a stream', () => {
  test.each([
    ['/v1/messages', { max_tokens: 5, messages: hi }],
    ['/v1/responses', { input: 'x' }],
  ])('that %s refuses is not to be cached either', async (path, fields) => {
    const cached = async (stream: boolean) => {
      const body = JSON.stringify({ model: 'none', stream, ...fields });
      const response = await send(path, { method: 'POST', body });
      expect(response.status).toBe(404);
      return response.headers.get('cache-control');
    };
    expect(await cached(true)).toBe('no-cache');
    expect(await cached(false)).toBeNull();
  });
});

test('digits of a digest are told apart by case', async () => {
  const digest = 'sha256:B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9';
  const [status, error] = await ask(`/api/blobs/${digest}`, 'hello world');
  expect(status).toBe(400);
  expect(error).toBe(`digest mismatch, expected "${digest}", got "${digest.toLowerCase()}"`);
  expect((await send(`/api/blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
});

test('a path with doubled slashes leads to the one without, whatever is there', async () => {
  const response = await send('//api//nothing/?a=1', {});
  expect([response.status, response.headers.get('location')]).toEqual([307, '/api/nothing/?a=1']);
  expect(await response.text()).toBe('<a href="/api/nothing/?a=1">Temporary Redirect</a>.\n\n');
  const posted = await send('/api//chat', { method: 'POST', body: '{}' });
  expect([posted.status, posted.headers.get('location'), await posted.text()]).toEqual([
    307,
    '/api/chat',
    '',
  ]);
});
