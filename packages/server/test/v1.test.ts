/** The compatible APIs over an engine that says what it is told: what a request becomes, what is refused, how streams end. */
import { readFileSync } from 'node:fs';
import { type Delta, parseModelName, StatusError } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import { createScriptedEngine, type Script } from './scripted-engine.ts';

const stories = readFileSync(new URL('../../../fixtures/models/stories260K-f32.gguf', import.meta.url));
const able =
  '{{ .Suffix }}{{ .Tools }}{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}';
const user = { role: 'user', content: 'Hi' };
const png = 'iVBORw0KGgo=';
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

async function open(script: Script = {}) {
  const engine = createScriptedEngine(script);
  const store = createMemoryStore();
  await store.install(parseModelName('m')!, stories, { params: '{"stop":["own"],"temperature":0.3}' });
  await store.install(parseModelName('able')!, stories, { template: able });
  const server = createServer({ engines: [engine], store });
  const post = (path: string, body: object | string, init: RequestInit = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return server.fetch(new Request(`http://localhost${path}`, { method: 'POST', body: text, ...init }));
  };
  return { engine, server, post };
}

/** What the engine is asked for a request. */
async function asked(path: string, body: object) {
  const { post, engine } = await open();
  const response = await post(path, body);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  return engine.last as { messages: object[]; options: Record<string, unknown>; [key: string]: unknown };
}

describe('what /v1/chat/completions becomes', () => {
  const chat = (more: object) => asked('/v1/chat/completions', { model: 'm', messages: [user], ...more });

  test('temperature and top_p are 1 where nothing else is asked, whatever the model says', async () => {
    const { options, think } = await chat({});
    expect(options).toMatchObject({ temperature: 1, topP: 1, topK: 40, stop: ['own'] });
    expect(think).toBeUndefined();
  });

  test('options by their own names, and those that Ollama has not are ignored', async () => {
    const { options } = await chat({
      temperature: 0.5,
      top_p: 0.25,
      seed: 7,
      max_tokens: 9,
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      stop: 'x',
      n: 3,
      user: 'me',
      options: { top_k: 1 },
      max_completion_tokens: 2,
    });
    expect(options).toMatchObject({
      temperature: 0.5,
      topP: 0.25,
      topK: 40,
      seed: 7,
      numPredict: 9,
      frequencyPenalty: 0.5,
      presencePenalty: -0.5,
      stop: ['x'],
    });
    expect((await chat({ stop: ['a', 1, 'b'] })).options.stop).toEqual(['a', 'b']);
    expect((await chat({ stop: [] })).options.stop).toEqual(['own']);
  });

  test('every part of a content becomes a message; calls and their results keep their names', async () => {
    const call = { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
    const { messages } = await chat({
      messages: [
        {
          role: 'USER',
          content: [
            { type: 'text', text: 'one' },
            { type: 'text', text: 'two' },
          ],
        },
        { role: 'assistant', content: null, reasoning: 'hm', tool_calls: [call] },
        { role: 'tool', tool_call_id: 'c1', content: 'result' },
        { role: 'tool', tool_call_id: 'c2', name: 'g', content: 'other' },
      ],
    });
    expect(messages).toMatchObject([
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
      {
        role: 'assistant',
        thinking: 'hm',
        tool_calls: [{ id: 'c1', function: { name: 'f', arguments: { a: 1 } } }],
      },
      { role: 'tool', tool_name: 'f', tool_call_id: 'c1', content: 'result' },
      { role: 'tool', tool_name: 'g', content: 'other' },
    ]);
  });

  test.each<[object, unknown]>([
    [{}, true],
    [{ reasoning_effort: 'none' }, false],
    [{ reasoning_effort: 'minimal' }, 'low'],
    [{ reasoning_effort: 'xhigh' }, 'max'],
    [{ reasoning: { effort: 'medium' }, reasoning_effort: 'low' }, 'medium'],
    [{ reasoning: {}, reasoning_effort: 'low' }, true],
  ])('%j lets a model that can think do so: %j', async (more, think) => {
    expect((await chat({ model: 'able', ...more })).think).toBe(think);
  });

  test('tools and logprobs', async () => {
    const tools = [{ type: 'function', function: { name: 'f', description: 'd', parameters } }];
    const last = await chat({ model: 'able', tools, logprobs: true, top_logprobs: 3 });
    expect(last).toMatchObject({ tools, topLogprobs: 3 });
    expect((await chat({ model: 'able', tools: [] })).tools).toBeUndefined();
  });
});

test('what /v1/completions becomes: a prompt, with the penalties always set', async () => {
  const { options, prompt } = await asked('/v1/completions', {
    model: 'm',
    prompt: 'Hi',
    top_p: 0,
    stop: [],
  });
  expect(prompt).toBe('<user>Hi');
  expect(options).toMatchObject({ temperature: 1, topP: 1, presencePenalty: 0, stop: ['own'] });
});

describe('what /v1/messages becomes', () => {
  const say = (more: object) =>
    asked('/v1/messages', { model: 'm', max_tokens: 5, messages: [user], ...more });

  test('no defaults of its own', async () => {
    const { options, messages } = await say({ system: 'S', top_k: 3, stop_sequences: ['x'] });
    expect(options).toMatchObject({ temperature: 0.3, topP: 0.9, topK: 3, numPredict: 5, stop: ['x'] });
    expect(messages).toMatchObject([{ role: 'system', content: 'S' }, user]);
    expect((await say({ stop_sequences: [] })).options.stop).toEqual(['own']);
  });

  test('blocks: results of tools before the text of their turn, calls and thoughts with theirs', async () => {
    const { messages } = await say({
      system: [{ type: 'text', text: 'A' }, { type: 'text', text: 'B' }, { type: 'image' }],
      messages: [
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'text', text: 'I ' },
            { type: 'text', text: 'call' },
            { type: 'tool_use', id: 't1', name: 'f', input: { a: [1] } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'and?' },
            { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: '42' }] },
            { type: 'tool_result', tool_use_id: 't2' },
            {
              type: 'web_search_tool_result',
              tool_use_id: 't3',
              content: [{ type: 'web_search_result', title: 'T', url: 'U' }],
            },
            { type: 'unheard-of' },
          ],
        },
      ],
    });
    expect(messages).toMatchObject([
      { role: 'system', content: 'AB' },
      {
        role: 'assistant',
        content: 'I call',
        thinking: 'hm',
        tool_calls: [{ id: 't1', function: { name: 'f', arguments: { a: [1] } } }],
      },
      { role: 'tool', content: '42', tool_call_id: 't1' },
      { role: 'tool', content: '', tool_call_id: 't2' },
      { role: 'tool', content: '- T: U\n', tool_call_id: 't3' },
      { role: 'user', content: 'and?' },
    ]);
  });

  test.each<[string, object, unknown]>([
    ['able', {}, true],
    ['able', { thinking: { type: 'disabled' }, output_config: { effort: 'low' } }, false],
    ['able', { thinking: { type: 'enabled', budget_tokens: 100 } }, true],
    ['able', { output_config: { effort: ' XHigh ' } }, 'high'],
    ['able', { output_config: { effort: 'much' } }, true],
    ['m', { thinking: { type: 'enabled' } }, undefined],
  ])('%s with %j: think is %j', async (model, more, think) => {
    expect((await say({ model, ...more })).think).toBe(think);
  });

  test('tools have their schema; the server’s own search displaces a tool of its name', async () => {
    const tools = [
      { name: 'f', description: 'd', input_schema: parameters },
      { name: 'web_search', input_schema: parameters },
      { type: 'web_search_20250305', name: 'web_search' },
    ];
    const last = await say({ model: 'able', tools });
    expect(last.tools).toMatchObject([
      { type: 'function', function: { name: 'f', description: 'd', parameters } },
      { function: { name: 'web_search', parameters: { required: ['query'] } } },
    ]);
    expect((await say({ model: 'able' })).tools).toBeUndefined();
  });
});

describe('what /v1/responses becomes', () => {
  const respond = (more: object) => asked('/v1/responses', { model: 'm', input: 'Hi', ...more });

  test('a text, with instructions before it; top_p stays the model’s', async () => {
    const { options, messages } = await respond({ instructions: 'S', max_output_tokens: 7 });
    expect(messages).toMatchObject([{ role: 'system', content: 'S' }, user]);
    expect(options).toMatchObject({ temperature: 1, topP: 0.9, numPredict: 7 });
  });

  test('items: thoughts go to the answer that follows, a call’s result follows its call', async () => {
    const { messages } = await respond({
      input: [
        { role: 'developer', content: 'D' },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'hm' },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'calling' }] },
        { type: 'function_call_output', call_id: 'c1', output: [{ type: 'input_text', text: '42' }] },
        { type: 'web_search_call', id: 'ws_1' },
        { type: 'reasoning', encrypted_content: 'so' },
      ],
    });
    expect(messages).toMatchObject([
      { role: 'developer', content: 'D' },
      { role: 'user', content: 'ab' },
      {
        role: 'assistant',
        content: 'calling',
        thinking: 'hm',
        tool_calls: [{ id: 'c1', function: { name: 'f', arguments: { a: 1 } } }],
      },
      { role: 'tool', content: '42', tool_call_id: 'c1' },
      { role: 'assistant', thinking: 'so' },
    ]);
  });

  test('groups of tools become functions that are named after them', async () => {
    const f = { type: 'function', name: 'f', parameters };
    const group = { type: 'namespace', name: 'g', tools: [f, { ...f, name: 'g.h' }] };
    const last = await respond({
      model: 'able',
      tools: [f, group, { type: 'web_search' }, { ...f, name: 'web_search' }],
    });
    expect((await respond({ model: 'able' })).tools).toBeUndefined();
    const names = (last.tools as { function: { name: string } }[]).map(tool => tool.function.name);
    expect(names).toEqual(['f', 'g.f', 'g.h', 'web_search']);
  });
});

test('lists of nothing are none, which a template would show', async () => {
  const message = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] };
  expect((await asked('/v1/messages', message)).messages).toEqual(message.messages);
  expect((await asked('/v1/responses', { model: 'm', input: 'Hi' })).messages).toEqual(message.messages);
});

describe('what is refused', () => {
  const tool = (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] });
  const item = (one: unknown) => ({ model: 'm', input: [one] });
  const block = (one: object) => ({
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: [one] }],
  });

  test.each<[string, object | string, string]>([
    ['/v1/chat/completions', '', 'EOF'],
    ['/v1/chat/completions', '{', 'unexpected EOF'],
    [
      '/v1/chat/completions',
      '[]',
      'json: cannot unmarshal array into Go value of type openai.ChatCompletionRequest',
    ],
    [
      '/v1/chat/completions',
      { model: 'm', messages: [user], temperature: 'hot' },
      'json: cannot unmarshal string into Go struct field ChatCompletionRequest.temperature of type float64',
    ],
    ['/v1/chat/completions', { model: 'm' }, "[] is too short - 'messages'"],
    ['/v1/chat/completions', { messages: [user] }, 'model is required'],
    ['/v1/chat/completions', tool(null), 'invalid message content type: <nil>'],
    ['/v1/chat/completions', tool(1), 'invalid message content type: float64'],
    ['/v1/chat/completions', tool({}), 'invalid message content type: map[string]interface {}'],
    ['/v1/chat/completions', tool(['x']), 'invalid message format'],
    ['/v1/chat/completions', tool([{ type: 'text' }]), 'invalid message format'],
    ['/v1/chat/completions', tool([{ type: 'image_url', image_url: 1 }]), 'invalid message format'],
    [
      '/v1/chat/completions',
      tool([{ type: 'image_url', image_url: { url: 'https://x/y.png' } }]),
      'image URLs are not currently supported, please use base64 encoded data instead',
    ],
    [
      '/v1/chat/completions',
      tool([{ type: 'image_url', image_url: 'data:image/gif;base64,AAAA' }]),
      'invalid image input',
    ],
    ['/v1/chat/completions', tool([{ type: 'input_audio' }]), 'invalid input_audio format'],
    [
      '/v1/chat/completions',
      {
        model: 'm',
        messages: [{ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '1' } }] }],
      },
      'invalid tool call arguments',
    ],
    [
      '/v1/chat/completions',
      {
        model: 'm',
        messages: [{ content: [{}], tool_calls: [{ function: { name: 'f', arguments: '1' } }] }],
      },
      'invalid message format',
    ],
    [
      '/v1/chat/completions',
      { model: 'm', messages: [user], reasoning_effort: 'huge' },
      'invalid reasoning value: "huge" (must be "minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none")',
    ],
    [
      '/v1/chat/completions',
      { model: 'm', messages: [user], reasoning_effort: 'low' },
      '"m" does not support thinking',
    ],
    [
      '/v1/chat/completions',
      { model: 'm', messages: [user], tools: [{ type: 'function', function: { name: 'f' } }] },
      'registry.ollama.ai/library/m:latest does not support tools',
    ],
    [
      '/v1/chat/completions',
      { model: 'm', messages: [user], top_logprobs: 21 },
      'top_logprobs must be between 0 and 20',
    ],
    [
      '/v1/completions',
      { model: 'm', prompt: ['a'] },
      'json: cannot unmarshal array into Go struct field CompletionRequest.prompt of type string',
    ],
    ['/v1/completions', { model: 'm', prompt: 'a', stop: [1] }, "invalid type for 'stop' field: float64"],
    [
      '/v1/completions',
      { model: 'm', prompt: 'a', suffix: 'b' },
      'registry.ollama.ai/library/m:latest does not support insert',
    ],
    ['/v1/completions', { model: 'm', prompt: 'a', logprobs: 21 }, 'top_logprobs must be between 0 and 20'],
    [
      '/v1/responses',
      { model: 'm', input: 1 },
      'input must be a string or array: json: cannot unmarshal number into Go value of type []json.RawMessage',
    ],
    ['/v1/responses', item({}), "input[0]: input item missing required 'type' field"],
    ['/v1/responses', item({ type: 'x' }), 'input[0]: unknown input item type: "x"'],
    [
      '/v1/responses',
      item({ role: 'user', content: [{ type: 'x' }] }),
      'input[0]: content[0]: unknown content type: x',
    ],
    [
      '/v1/responses',
      item({ role: 'user', content: 1 }),
      'input[0]: content must be a string or array: json: cannot unmarshal number into Go value of type []json.RawMessage',
    ],
    [
      '/v1/responses',
      item({ role: 'user', content: [{ type: 'input_file' }] }),
      'file inputs are not currently supported',
    ],
    ['/v1/responses', { input: 'x' }, 'model is required'],
    ['/v1/messages', {}, 'model is required'],
    ['/v1/messages', { model: 'm' }, 'max_tokens is required and must be positive'],
    ['/v1/messages', { model: 'm', max_tokens: 1 }, 'messages is required'],
    ['/v1/messages', block({ type: 'tool_use', name: 'f' }), "tool_use block missing required 'id' field"],
    ['/v1/messages', block({ type: 'tool_use', id: 'i' }), "tool_use block missing required 'name' field"],
    ['/v1/messages', block({ type: 'image' }), 'invalid image source'],
    [
      '/v1/messages',
      block({ type: 'image', source: { type: 'url', url: 'x' } }),
      'invalid image source type: url. Only base64 images are supported.',
    ],
    [
      '/v1/messages',
      block({ type: 'image', source: { type: 'base64', data: '*' } }),
      'invalid base64 image data: illegal base64 data at input byte 0',
    ],
    [
      '/v1/messages',
      { model: 'm', max_tokens: 1, messages: [user], tools: [{ name: 'f', input_schema: 'x' }] },
      'invalid input_schema for tool "f": json: cannot unmarshal string into Go value of type api.ToolFunctionParameters',
    ],
    [
      '/v1/messages',
      { model: 'm', max_tokens: 1, messages: [{ role: 'user' }] },
      'unexpected end of JSON input',
    ],
  ])('%s %j with 400', async (path, body, message) => {
    const { post } = await open();
    const response = await post(path, body);
    const text = (await response.json()) as { error: { type: string; message: string } };
    expect([response.status, text.error.message]).toEqual([400, message]);
    expect(text.error.type).toBe('invalid_request_error');
    if (path === '/v1/messages')
      expect(text).toMatchObject({ type: 'error', request_id: expect.stringMatching(/^req_[0-9a-f]{24}$/) });
    else expect(text).toEqual({ error: { ...text.error, param: null, code: null } });
  });

  test('groups of tools within each other without end', async () => {
    const { post } = await open();
    const body = `{"tools":${'[{"type":"namespace","tools":'.repeat(3000)}[]${'}]'.repeat(3000)}}`;
    const { error } = (await (await post('/v1/responses', body)).json()) as { error: object };
    expect(error).toMatchObject({ message: 'tools are nested more than 100 deep' });
  });

  test('a picture by a model that has no eyes', async () => {
    const { post } = await open();
    const url = `data:image/png;base64,${png}`;
    const body = tool([{ type: 'image_url', image_url: { url } }]);
    for (const stream of [false, true]) {
      const response = await post('/v1/chat/completions', { ...body, stream });
      expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/json']);
      const { error } = (await response.json()) as { error: { type: string; message: string } };
      expect(error.type).toBe('api_error');
      expect(error.message).toContain('image input is not supported');
    }
  });

  test('a missing model, with 404 and in every API’s own shape', async () => {
    const { post, server } = await open();
    const openai = {
      error: { message: "model 'x' not found", type: 'not_found_error', param: null, code: null },
    };
    for (const [path, body] of Object.entries({
      '/v1/completions': { model: 'x', prompt: 'a' },
      '/v1/responses': { model: 'x', input: 'a', stream: true },
    })) {
      const response = await post(path, body);
      expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json']);
      expect(await response.json()).toEqual(openai);
    }
    const nameless = await post('/v1/completions', { prompt: 'a' });
    expect([nameless.status, await nameless.json()]).toMatchObject([
      404,
      { error: { message: "model '' not found" } },
    ]);
    const bad = await server.fetch(new Request('http://localhost/v1/models/a%20b'));
    expect([bad.status, await bad.json()]).toMatchObject([400, { error: { message: 'invalid model name' } }]);
    expect((await server.fetch(new Request('http://localhost/v1/models/ns/m'))).status).toBe(404);
  });

  test('models of Ollama’s cloud, in Ollama’s own shape', async () => {
    const { post, server } = await open();
    for (const path of [
      '/v1/chat/completions',
      '/v1/completions',
      '/v1/embeddings',
      '/v1/responses',
      '/v1/messages',
    ]) {
      const response = await post(path, { model: 'gpt-oss:20b-cloud' });
      expect([response.status, await response.json()]).toEqual([
        403,
        { error: 'ollama cloud is disabled: remote model is unavailable' },
      ]);
    }
    const details = await server.fetch(new Request('http://localhost/v1/models/kimi:cloud'));
    expect([details.status, await details.json()]).toEqual([
      403,
      { error: 'ollama cloud is disabled: remote model details are unavailable' },
    ]);
  });

  test('a transcription: without a form, a model, a file, or ears', async () => {
    const { post, server } = await open();
    const send = (fields: Record<string, string | File>) => {
      const body = new FormData();
      for (const [name, value] of Object.entries(fields)) body.append(name, value);
      return server.fetch(new Request('http://localhost/v1/audio/transcriptions', { method: 'POST', body }));
    };
    const message = async (response: Response) =>
      ((await response.json()) as { error: { message: string } }).error.message;
    expect(await message(await post('/v1/audio/transcriptions', {}))).toBe(
      "failed to parse multipart form: request Content-Type isn't multipart/form-data",
    );
    expect(await message(await send({}))).toBe('model is required');
    expect(await message(await send({ model: 'm' }))).toBe('file is required: http: no such file');
    expect(await message(await send({ model: 'm', file: new File([], 'a.wav') }))).toBe(
      'audio file is empty',
    );
    const deaf = await send({ model: 'm', file: new File(['RIFF____WAVE'], 'a.wav') });
    expect([deaf.status, await message(deaf)]).toEqual([
      500,
      expect.stringContaining('audio input is not supported'),
    ]);
    expect((await send({ model: 'x', file: new File(['RIFF'], 'a.wav') })).status).toBe(404);
  });
});

describe('streams', () => {
  const bodies = {
    '/v1/chat/completions': { model: 'm', messages: [user], stream: true },
    '/v1/completions': { model: 'm', prompt: 'Hi', stream: true },
    '/v1/messages': { model: 'm', max_tokens: 5, messages: [user], stream: true },
    '/v1/responses': { model: 'm', input: 'Hi', stream: true },
  };
  const paths = Object.keys(bodies) as (keyof typeof bodies)[];

  test.each(paths)('%s: one event is one chunk', async path => {
    const { post } = await open();
    const response = await post(path, bodies[path]);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      expect(chunk).toMatch(/^(event: [a-z_.]+\n)?data: .+\n\n$/);
    }
  });

  test.each(paths)(
    '%s: an error before the first event has a status, one after it is the last event',
    async path => {
      let failAt = 0;
      const { post } = await open({
        beforePiece(_, i) {
          if (i === failAt) throw new StatusError(503, 'no such luck');
        },
      });
      const first = await post(path, bodies[path]);
      expect([first.status, first.headers.get('content-type')]).toEqual([503, 'application/json']);
      failAt = 1;
      const later = await post(path, bodies[path]);
      const events = (await later.text()).trimEnd().split('\n\n');
      expect(later.status).toBe(200);
      expect(events.at(-1)).toContain('"message":"no such luck"');
      expect(events.at(-1)).toMatch(/^(event: (error|response\.failed)\n)?data: /);
    },
  );

  test.each(paths)(
    '%s: neither one that nobody reads nor one that is cancelled holds the queue',
    async path => {
      const { post, engine } = await open();
      const unread = await post(path, bodies[path]);
      await (await post(path, bodies[path])).body!.cancel();
      expect((await post(path, { ...bodies[path], stream: false })).status).toBe(200);
      expect(await unread.text()).not.toBe('');
      expect(engine.log.filter(entry => entry === 'end m:latest')).toHaveLength(3);
    },
  );

  test('an abort errors the body with the signal’s reason, and rejects before it', async () => {
    const stuck = Promise.withResolvers<void>();
    const { post } = await open({ beforePiece: (_, i) => (i === 1 ? stuck.promise : undefined) });
    const path = '/v1/chat/completions';
    const [early, late] = [new AbortController(), new AbortController()];
    const response = await post(path, bodies[path], { signal: late.signal });
    const waiting = post(path, bodies[path], { signal: early.signal });
    early.abort('early');
    await expect(waiting).rejects.toBe('early');
    late.abort('late');
    stuck.resolve();
    await expect(response.text()).rejects.toBe('late');
  });

  test('thoughts and text that come together are two chunks of a chat', async () => {
    const deltas: Delta[] = [{ thinking: 'a', content: 'b' }, { done: 'stop' }];
    const { post } = await open({ deltas });
    const text = await (await post('/v1/chat/completions', bodies['/v1/chat/completions'])).text();
    expect(
      [...text.matchAll(/"delta":(\{.*?\}),"finish_reason":(\w+|"\w+")/g)].map(found => found.slice(1)),
    ).toEqual([
      ['{"role":"assistant","reasoning":"a"}', 'null'],
      ['{"content":"b"}', 'null'],
      ['{}', '"stop"'],
    ]);
  });

  test('an answer without a word still begins and ends', async () => {
    const { post } = await open({ deltas: [{ done: 'length' }] });
    const text = await (await post('/v1/chat/completions', bodies['/v1/chat/completions'])).text();
    expect(text).toContain('"delta":{"role":"assistant","content":""},"finish_reason":null');
    expect(text).toContain('"delta":{},"finish_reason":"length"');
    const message = await (await post('/v1/messages', { ...bodies['/v1/messages'], stream: false })).json();
    expect(message).toMatchObject({ content: null, stop_reason: 'max_tokens' });
  });

  test('completions tell the usage in every chunk if it is wanted, and load where there is no prompt', async () => {
    const { post } = await open({ pieces: ['a'] });
    const path = '/v1/completions';
    const body = { ...bodies[path], stream_options: { include_usage: true } };
    const events = (await (await post(path, body)).text()).trimEnd().split('\n\n');
    expect(events).toHaveLength(4);
    expect(events[0]).toContain('"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}');
    expect(events[2]).toMatch(
      /"choices":\[\],.*"usage":\{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9\}/,
    );
    expect(events[3]).toBe('data: [DONE]');
    const load = await (await post(path, { model: 'm' })).json();
    expect(load).toMatchObject({
      choices: [{ text: '', index: 0, finish_reason: 'load' }],
      usage: { total_tokens: 0 },
    });
  });

  test('the server’s own web search, which there is none of, is refused in each API’s way', async () => {
    const call = { id: 'c', function: { name: 'web_search', arguments: { query: 'q' } } };
    const { post } = await open({ deltas: [{ content: 'Well' }, { toolCalls: [call] }, { done: 'stop' }] });
    const message = {
      model: 'able',
      max_tokens: 5,
      messages: [user],
      tools: [{ type: 'web_search_1', name: 'web_search' }],
    };
    const whole = (await (await post('/v1/messages', message)).json()) as { content: object[] };
    expect(whole).toMatchObject({
      stop_reason: 'end_turn',
      content: [
        { type: 'server_tool_use', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', content: { error_code: 'unavailable' } },
      ],
    });
    const events = await (await post('/v1/messages', { ...message, stream: true })).text();
    expect([...events.matchAll(/^event: (.*)$/gm)].map(found => found[1])).toEqual([
      'message_start',
      ...['start', 'delta', 'stop', 'start', 'stop', 'start', 'stop'].map(kind => `content_block_${kind}`),
      'message_delta',
      'message_stop',
    ]);
    const response = { model: 'able', input: 'Hi', tools: [{ type: 'web_search' }] };
    expect((await post('/v1/responses', response)).status).toBe(403);
    const failed = await (await post('/v1/responses', { ...response, stream: true })).text();
    expect(failed.trimEnd().split('\n\n').at(-1)).toMatch(
      /^event: response\.failed\n.*web search is unavailable/s,
    );
  });
});

test('with a search, what is wrong with the model is told within the stream of a response', async () => {
  const { post } = await open();
  const body = { model: 'nobody', input: 'Hi', tools: [{ type: 'web_search' }] };
  expect((await post('/v1/responses', body)).status).toBe(404);
  const answer = await post('/v1/responses', { ...body, stream: true });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events = (await answer.text()).trimEnd().split('\n\n');
  expect(events.map(event => event.split('\n')[0].slice('event: '.length))).toEqual([
    'response.created',
    'response.in_progress',
    'response.failed',
  ]);
  expect(events[2]).toContain(`"error":{"code":"api_error","message":"model 'nobody' not found"}`);
});

test('a stream of Anthropic’s begins with a quarter of the bytes of what was said', async () => {
  const { post } = await open();
  const use = { type: 'tool_use', id: 'c1', name: 'get_weather', input: {} };
  const result = { type: 'tool_result', tool_use_id: '', is_error: false, content: 'sunny' };
  const cases: [object, number][] = [
    [{ messages: [{ role: '', content: '' }] }, 1],
    [{ messages: [user], system: { a: 1 } }, 3],
    [{ messages: [{ role: 'assistant', content: [use] }] }, 17],
    [{ messages: [{ role: 'user', content: [result] }] }, 11],
    [{ messages: [user], tools: [{ name: 'x', description: 'é', input_schema: { type: 'object' } }] }, 6],
  ];
  for (const [body, tokens] of cases) {
    const request = { model: 'able', max_tokens: 5, stream: true, ...body };
    const [start] = (await (await post('/v1/messages', request)).text()).split('\n\n');
    expect(start).toContain(`"usage":{"input_tokens":${tokens},"output_tokens":0}`);
  }
});

test('the events of a response name a group of tools alone, and say null for an output of nothing', async () => {
  const { post } = await open({ pieces: [] });
  const tools = [{ type: 'namespace', name: 'g', tools: [{ type: 'function', name: 'f' }] }];
  const answer = await post('/v1/responses', { model: 'able', input: 'Hi', tools, stream: true });
  const last = (await answer.text()).trimEnd().split('\n\n').at(-1)!;
  const group = { type: 'namespace', name: 'g', description: null, strict: null, parameters: null };
  expect(JSON.parse(last.split('\ndata: ')[1])).toMatchObject({ response: { output: null, tools: [group] } });
  expect(last).not.toContain('"name":"f"');
});

test('a response says again what was asked, a schema in its own order of keys', async () => {
  const { post } = await open();
  const schema = { type: 'object', properties: { b: { type: 'string' }, a: { type: 'string' } } };
  const text = { format: { type: 'text', name: 'n', schema, strict: true } };
  const tools = [
    { type: 'function', name: 'f', parameters: { type: 'object', properties: { z: {}, y: {} } } },
  ];
  const body = {
    model: 'able',
    input: 'Hi',
    text,
    tools,
    reasoning: { effort: 'low' },
    truncation: 'auto',
    top_p: 0.5,
  };
  for (const stream of [false, true]) {
    const answer = await (await post('/v1/responses', { ...body, stream })).text();
    expect(answer).toContain(`"schema":${JSON.stringify(schema)}`);
    expect(answer).toContain('"parameters":{"properties":{"y":{},"z":{}},"type":"object"}');
    expect(answer).toContain(
      stream ? '"reasoning":{"effort":"low","summary":null}' : '"reasoning":{"effort":"low"}',
    );
    expect(answer).toContain('"truncation":"auto"');
    expect(answer).toContain('"top_p":0.5');
  }
});

test('a body in zstd is read where the platform can, and refused where it cannot or where it is none', async () => {
  const { post } = await open();
  const headers = { 'content-encoding': 'zstd' };
  const broken = await post('/v1/chat/completions', '{}', { headers });
  expect(broken.status).toBe(400);
  expect(await broken.json()).toMatchObject({ error: { message: 'failed to decompress request body' } });
});
