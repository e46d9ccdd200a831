/**
 * Answers end to end: models that say what they are told (see `createParrot`), created over the API, run by the engine on the reference
 * ops; and the same requests as were put to a real Ollama with such models.
 */
import { readFileSync } from 'node:fs';
import { createEngine } from '@tabllama/engine';
import { createReferenceEmbedder, createReferenceRunner } from '@tabllama/models';
import { createServer } from '@tabllama/server';
import { describe, expect, test } from 'vitest';
import { createParrot } from '../../engine/test/parrot.ts';
import { createMemoryStore } from './memory-store.ts';

const templates = {
  plain: '{{ .Prompt }}<go>',
  think:
    '{{- range .Messages }}{{ .Role }}: {{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}\n{{ end }}<go>',
  tools:
    '{{- if .Tools }}{{ .Tools }}\n{{ end }}{{- range .Messages }}{{ .Role }}: {{ .Content }}{{- if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}</tool_call>{{ end }}\n{{ end }}<go>',
};
const jinja = `{# A text that is unlike every template that is known: ${'x'.repeat(200)} #}
{%- if tools %}{{ tools | tojson }}<tool_call></tool_call>
{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }}{# <think></think> #}
{% endfor %}<go>`;

const server = createServer({
  engines: [
    createEngine({
      openRunner: createReferenceRunner,
      openEmbedder: createReferenceEmbedder,
      estimate: () => ({ device: 0, kvCache: 0 }),
    }),
  ],
  store: createMemoryStore(),
});

const send = (path: string, body: object) =>
  server.fetch(new Request(`http://x${path}`, { method: 'POST', body: JSON.stringify(body) }));

type Line = Record<string, unknown> & { message: Record<string, unknown>; response: string; error?: string };
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line);
const ask = async (path: string, body: object) => linesOf(await (await send(path, body)).text());

/** Makes a model that says the pieces. */
async function create(
  model: string,
  pieces: readonly string[],
  fields: object = {},
  options: { readonly metadata?: Record<string, string | number>; readonly start?: string } = {},
) {
  const file = createParrot(pieces, options.metadata, options.start).file();
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', file)).toString('hex');
  await server.fetch(new Request(`http://x/api/blobs/sha256:${digest}`, { method: 'POST', body: file }));
  const lines = await ask('/api/create', { model, files: { 'p.gguf': `sha256:${digest}` }, ...fields });
  expect(lines.at(-1)).toEqual({ status: 'success' });
}

const call = '{"name":"get_weather","arguments":{"city":"Rome"}}';
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const tools = [{ type: 'function', function: { name: 'get_weather', description: 'w', parameters } }];
const messages = [{ role: 'user', content: 'Hi' }];

describe('exchanges recorded from Ollama', () => {
  const recorded = (name: string) => {
    const file = new URL(`../../../fixtures/ollama-transcripts/${name}.json`, import.meta.url);
    const { request, response } = JSON.parse(readFileSync(file, 'utf8')) as {
      request: { path: string; body: object };
      response: { status: number; headers: Record<string, string>; chunks: { text: string }[] };
    };
    return { request, response, lines: linesOf(response.chunks.map(chunk => chunk.text).join('')) };
  };
  /** A line without what differs from run to run. */
  const lasting = (line: Line) => {
    const { created_at, total_duration, load_duration, prompt_eval_duration, eval_duration, ...rest } = line;
    const times = { created_at, total_duration, load_duration, prompt_eval_duration, eval_duration };
    const text = JSON.stringify(rest).replace(/call_[a-z0-9]{8}/g, 'call_');
    return { ...(JSON.parse(text) as object), times: Object.keys(times).filter(key => key in line) };
  };

  test.each([
    ['tool-chat', 'parrot-tool'],
    ['tool-chat-stream', 'parrot-tool'],
    ['think-chat', 'parrot-think'],
    ['think-chat-stream', 'parrot-think'],
    ['think-generate', 'parrot-think'],
    ['think-generate-stream', 'parrot-think'],
    ['chunk-per-piece', 'parrot-stopw'],
  ])('%s: the same lines', async (name, model) => {
    const script: Record<string, [pieces: string[], template: string]> = {
      'parrot-tool': [['Let me', ' check.', ' <tool_call>', call, '</tool_call>'], templates.tools],
      'parrot-think': [['<think>', 'a', ' b', '</think>', 'c', ' d'], templates.think],
      'parrot-stopw': [['one', ' two', ' th', 'ree', ' four'], templates.plain],
    };
    const [pieces, template] = script[model];
    await create(model, pieces, { template });
    const { request, response, lines } = recorded(name);
    const answer = await send(request.path, request.body);
    expect(answer.status).toBe(response.status);
    expect(answer.headers.get('content-type')).toBe(response.headers['content-type']);
    const ours = linesOf(await answer.text());
    expect(ours.map(lasting)).toEqual(lines.map(lasting));
    for (const [i, line] of ours.entries()) expect(Object.keys(line)).toEqual(Object.keys(lines[i]));
  });

  test('a prompt that cannot be made is told before there is a stream', async () => {
    await create('unsliced', ['a'], { template: '{{ range .Messages }}{{ slice .Content 5 100 }}{{ end }}' });
    const answer = await send('/api/chat', { model: 'unsliced', messages });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      500,
      'application/json; charset=utf-8',
    ]);
    expect((await send('/api/generate', { model: 'unsliced', keep_alive: 0 })).status).toBe(200);
  });

  test('logprobs of the tags around thoughts are not told', async () => {
    await create('tags', ['<think>', 'a', '</think>', 'c'], { template: templates.think });
    const lines = await ask('/api/chat', { model: 'tags', messages, logprobs: true });
    expect(
      lines.map(({ logprobs = [] }) => (logprobs as { token: string }[]).map(({ token }) => token)),
    ).toEqual([['a'], ['c'], []]);
  });

  test('think-format-stream: thoughts, then an object by the schema', async () => {
    await create('parrot-think', ['<think>', 'a', ' b', '</think>', 'c', ' d'], {
      template: templates.think,
    });
    const { request, lines } = recorded('think-format-stream');
    const body = { ...request.body, options: { seed: 1, num_predict: 400 } };
    const ours = await ask(request.path, body);
    const thoughts = (all: readonly Line[]) => all.flatMap(({ message }) => message.thinking ?? []);
    expect(thoughts(ours)).toEqual(thoughts(lines));
    const text = ours.map(({ message }) => message.content).join('');
    expect(JSON.parse(text)).toEqual({ answer: expect.any(Boolean) });
    expect(Object.keys(ours.at(-1)!)).toEqual(Object.keys(lines.at(-1)!));
  });

  test('seed-chat-tools-render: tools as a template writes them', async () => {
    const template =
      '{{- if .Tools }}TOOLS {{ .Tools }}\n{{ end }}{{- range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}';
    await create('test-tools', ['ok'], { template });
    const { request, lines } = recorded('seed-chat-tools-render');
    expect((await ask(request.path, request.body)).map(lasting)).toEqual(lines.map(lasting));
  });
});

describe('calls of tools', () => {
  test('several, with thoughts before and text between', async () => {
    const template = templates.tools.replace(
      '{{ .Content }}',
      '{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}',
    );
    const pieces = [
      '<think>',
      'hm',
      '</think>',
      'ok ',
      '<tool_call>',
      call,
      '\n',
      '{"name": "get_weather", ',
      '"arguments": {}}',
      '</tool_call>',
      ' bye',
    ];
    await create('several', pieces, { template });
    const [answer] = await ask('/api/chat', { model: 'several', messages, tools, stream: false });
    expect(answer.message).toMatchObject({
      thinking: 'hm',
      content: 'ok ',
      tool_calls: [
        { function: { index: 0, name: 'get_weather', arguments: { city: 'Rome' } } },
        { function: { index: 1, name: 'get_weather', arguments: {} } },
      ],
    });
    const [without] = await ask('/api/chat', { model: 'several', messages, stream: false });
    expect(without.message.content).toBe(pieces.slice(3).join(''));
    const unthinking = { model: 'several', messages, tools, stream: false, think: false };
    expect((await ask('/api/chat', unthinking))[0].message.content).toBe('<think>hm</think>ok ');
  });

  test('and their results are part of the next prompt', async () => {
    await create('results', ['ok'], { template: templates.tools });
    const conversation = [
      ...messages,
      { role: 'assistant', tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Rome' } } }] },
      { role: 'tool', content: '21', tool_name: 'get_weather' },
    ];
    const [debug] = await ask('/api/chat', {
      model: 'results',
      messages: conversation,
      _debug_render_only: true,
    });
    expect(debug).toMatchObject({
      _debug_info: {
        rendered_template:
          'user: Hi\nassistant: <tool_call>{"name": "get_weather", "arguments": {"city":"Rome"}}</tool_call>\ntool: 21\n<go>',
      },
    });
  });

  test('of a Jinja template come at the end, with ids of 32 letters and digits', async () => {
    const pieces = ['<think>', 'hm', '</think>', '\n\n', 'ok', '<tool_call>', call, '</tool_call>'];
    await create('native', pieces, {}, { metadata: { 'tokenizer.chat_template': jinja } });
    const show = await (await send('/api/show', { model: 'native' })).json();
    expect(show).toMatchObject({ template: jinja, capabilities: ['tools', 'thinking', 'completion'] });
    // the list of models reads no template of a file
    const tags = await server.fetch(new Request('http://x/api/tags'));
    const listed = ((await tags.json()) as { models: { name: string }[] }).models;
    expect(listed.find(({ name }) => name === 'native:latest')).toMatchObject({
      capabilities: ['completion'],
    });
    const lines = await ask('/api/chat', { model: 'native', messages, tools, think: false });
    expect(lines.map(({ message }) => [message.thinking, message.content, message.tool_calls])).toEqual([
      ['hm', '', undefined],
      [undefined, '\n\nok', undefined],
      [
        undefined,
        '',
        [
          {
            id: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
            function: { index: 0, name: 'get_weather', arguments: { city: 'Rome' } },
          },
        ],
      ],
    ]);
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
    const [generated] = await ask('/api/generate', { model: 'native', prompt: 'Hi', stream: false });
    expect(generated.response).toBe(pieces.join(''));
  });

  test('of a model that names a parser', async () => {
    const parts = [
      '<|channel|>',
      'analysis',
      '<|message|>',
      'hm',
      '<|end',
      '|>',
      '<|start|>',
      'assistant',
      '<|channel|>commentary to=functions.get_weather',
      '<|message|>{"city":',
      '"Rome"}',
    ];
    await create('harmony', parts, { template: templates.think, parser: 'harmony' });
    const show = await (await send('/api/show', { model: 'harmony' })).json();
    expect(show).toMatchObject({ capabilities: ['completion', 'thinking', 'tools'] });
    const [answer] = await ask('/api/chat', { model: 'harmony', messages, tools, stream: false });
    expect(answer.message).toMatchObject({
      thinking: 'hm',
      content: '',
      tool_calls: [
        { id: expect.stringMatching(/^call_[a-z0-9]{8}$/), function: { arguments: { city: 'Rome' } } },
      ],
    });
    const lines = await ask('/api/generate', { model: 'harmony', prompt: 'Hi' });
    expect(lines.map(line => [line.thinking, line.tool_calls])).toEqual([
      ['hm', undefined],
      [undefined, [{ function: { index: 0, name: 'get_weather', arguments: { city: 'Rome' } } }]],
    ]);
  });

  test('are in an answer that is whole only where there are tools, but for those of its end', async () => {
    const said = ['<tool_call>', '\n<function=get_weather>', '\n</function>', '\n</tool_call>', ' done'];
    await create('unasked', said, { template: templates.plain, parser: 'qwen3-coder' });
    const [whole] = await ask('/api/chat', { model: 'unasked', messages, stream: false });
    expect(whole.message).toEqual({ role: 'assistant', content: 'done' });
    const lines = await ask('/api/chat', { model: 'unasked', messages });
    expect(lines.flatMap(line => line.message.tool_calls ?? [])).toHaveLength(1);
  });

  test('that cannot be read end the stream with an error, where Ollama has a parser and there are no tools to bind them by', async () => {
    await create('broken', ['ok', '<tool_call>', 'bad', '</tool_call>'], {
      template: templates.tools,
      parser: 'qwen3-coder',
    });
    const lines = await ask('/api/chat', { model: 'broken', messages });
    expect(lines[0].message.content).toBe('ok');
    expect(lines.at(-1)!.error).toBe('a call of a tool without a function: bad');
    const whole = await send('/api/chat', { model: 'broken', messages, stream: false });
    expect(whole.status).toBe(500);
  });
});

describe('an answer', () => {
  test('begins inside the thoughts where the prompt opens them', async () => {
    const template = templates.think.replace('<go>', '<think>');
    await create('opened', ['a', '</think>', '\n', 'b'], { template }, { start: '<think>' });
    for (const [path, body] of [
      ['/api/chat', { messages }],
      ['/api/generate', { prompt: 'Hi' }],
    ] as const) {
      const [line] = await ask(path, { model: 'opened', stream: false, ...body });
      expect(line.message ?? { thinking: line.thinking, content: line.response }).toMatchObject({
        thinking: 'a',
        content: 'b',
      });
    }
  });

  test('has no half characters, and bytes that are none do not end it', async () => {
    await create('bytes', ['a', '<0xE2>', '<0x82>', '<0xAC>', '<0xFF>', 'b', '<0xF0>'], {
      template: templates.plain,
    });
    const lines = await ask('/api/generate', { model: 'bytes', prompt: 'x' });
    expect(lines.map(line => line.response).join('')).toBe('a€\ufffdb');
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
  });

  test('that says the same over and over is ended, with a last line', async () => {
    await create('runaway', ['Well', ' again', ' again'], { template: templates.plain });
    const lines = await ask('/api/generate', { model: 'runaway', prompt: 'x' });
    expect(lines.map(line => line.response).join('')).toBe(`Well${' again'.repeat(31)}`);
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop' });
    const [chat] = await ask('/api/chat', { model: 'runaway', messages, stream: false });
    expect(chat.message.content).toBe(`Well${' again'.repeat(31)}`);
  });

  test('takes a template of the request, and fills in the middle', async () => {
    const template =
      '{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID><go>{{- else }}{{ .Prompt }}{{- end }}';
    await create('fim', ['filled'], { template });
    const debug = async (fields: object) =>
      (
        (await ask('/api/generate', { model: 'fim', prompt: 'a', _debug_render_only: true, ...fields }))[0]
          ._debug_info as { rendered_template: string }
      ).rendered_template;
    expect(await debug({ suffix: 'b' })).toBe('<PRE> a <SUF>b <MID><go>');
    expect(await debug({ system: 'S', template: '{{ .System }}-{{ .Prompt }}' })).toBe('S-a');
    const [answer] = await ask('/api/generate', { model: 'fim', prompt: 'a', suffix: 'b', stream: false });
    expect(answer.response).toBe('filled');
    for (const [override, error] of [
      ['{{ .Prompt', 'template: :1: unclosed action'],
      [
        '{{ .Prompt.x }}',
        'template: :1:10: executing "" at <.Prompt.x>: can\'t evaluate field x in type interface {}',
      ],
      [
        '{{ currentDate }}',
        'template: :1:3: executing "" at <currentDate>: "currentDate" is not a defined function',
      ],
    ]) {
      const response = await send('/api/generate', { model: 'fim', prompt: 'a', template: override });
      expect([response.status, await response.json()]).toEqual([500, { error }]);
    }
  });
});

describe('what Ollama makes of a request before it is run', () => {
  const rendered = async (body: object) =>
    (
      (await ask('/api/chat', { stream: false, _debug_render_only: true, ...body }))[0]._debug_info as
        | { rendered_template: string }
        | undefined
    )?.rendered_template;
  const shown = async (model: string) => (await ask('/api/show', { model }))[0];

  test('a BOS that is written at the beginning is not there twice', async () => {
    await create('bos', ['a'], { template: templates.plain });
    const count = async (prompt: string) =>
      (await ask('/api/generate', { model: 'bos', prompt, raw: true, stream: false }))[0].prompt_eval_count;
    expect(await count('<bos>x<go>')).toBe(await count('x<go>'));
  });

  test('none of its parsers looks at what continues a raw prompt', async () => {
    const config = { parser: 'qwen3-thinking', template: templates.plain };
    await create('raw', ['<think>', 'deep', '</think>', 'answer'], config);
    const answer = async (more: object) =>
      (await ask('/api/generate', { model: 'raw', prompt: '<go>', stream: false, ...more }))[0];
    expect(await answer({ raw: true })).toMatchObject({ response: '<think>deep</think>answer' });
    expect(await answer({})).toMatchObject({ thinking: 'deep', response: 'answer' });
  });

  test('typical_p of 0 is none where Ollama asks for a completion', async () => {
    const pieces = ['a', 'b', 'c'];
    await create('typical', pieces, { template: templates.plain });
    const draw = async (seed: number) =>
      (
        await ask('/api/generate', {
          model: 'typical',
          prompt: 'x',
          stream: false,
          options: { typical_p: 0, temperature: 50, seed, num_predict: 5, top_k: 0, top_p: 1 },
        })
      )[0].response;
    const answers = new Set(await Promise.all([1, 2, 3, 4].map(draw)));
    expect(answers.size).toBeGreaterThan(1);
  });

  test('a Jinja template sees no old thoughts, and arguments as Go writes them', async () => {
    const chat = `{# ${'y'.repeat(250)} #}{%- if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}{{ m.reasoning_content }}|{{ m.content }}|{{ m.tool_calls | tojson if m.tool_calls }};{% endfor %}<go>`;
    const metadata = { 'tokenizer.chat_template': chat };
    await create('native', ['ok', 'n'], {}, { metadata });
    await create('renders', ['ok', 'r'], { renderer: 'qwen3-coder', parser: 'qwen3-coder' }, { metadata });
    const items = { type: 'object', properties: { y: { enum: [{ b: 1, a: 2 }] }, b: {} } };
    const properties = { z: { type: 'array', items }, a: { type: 'string' } };
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }];
    const call = { function: { name: 'f', arguments: { q: { z: 1, a: [{ d: 1, c: 2 }] }, b: 1 } } };
    const messages = [
      { role: 'user', content: 'u' },
      { role: 'assistant', content: 'x', thinking: 'T', tool_calls: [call] },
      { role: 'user', content: 'v' },
    ];
    const native = await rendered({ model: 'native', messages, tools });
    expect(native).toContain(';|x|');
    expect(native).toContain('"arguments": {"q": {"a": [{"c": 2, "d": 1}], "z": 1}, "b": 1}');
    expect(native).toContain('"properties": {"z": {"type": "array", "items": {"properties": {"b": {}, "y": ');
    expect(native).toContain('"enum": [{"a": 2, "b": 1}]');
    expect(await rendered({ model: 'renders', messages, tools })).toContain(';T|x|');
    expect(await shown('native')).toMatchObject({ template: chat });
    expect(await shown('renders')).toMatchObject({
      template: '{{ .Prompt }}',
      capabilities: ['completion', 'tools'],
    });
  });

  test('old thoughts are taken out of the messages of a model too', async () => {
    await create('own', ['ok', 'o'], {
      template: templates.think,
      info: { model_family: 'qwen3' },
      messages: [
        { role: 'user', content: 'u' },
        { role: 'assistant', content: '<think>x</think>y' },
      ],
    });
    expect(await rendered({ model: 'own', messages: [{ role: 'user', content: 'v' }] })).toBe(
      'user: u\nassistant: y\nuser: v\n<go>',
    );
  });

  test('a picture, where there is more than one message for a Jinja template, is refused as in a chat', async () => {
    const body = { model: 'native', prompt: 'p', images: ['iVBORw0KGgo='], stream: false };
    const refuse = async (more: object) => {
      const answer = await send('/api/generate', { ...body, ...more });
      return [answer.status, (await answer.json()).error];
    };
    expect(await refuse({})).toEqual([400, expect.stringContaining('Multimodal data provided')]);
    expect(await refuse({ system: 's' })).toEqual([500, expect.stringContaining('image input is not')]);
    const sound = [Buffer.of(0xff, 0xfb, 0x90, 0x00).toString('base64')];
    expect(await refuse({ system: 's', images: sound })).toEqual([
      500,
      expect.stringContaining('audio input is not'),
    ]);
    expect(await refuse({ system: 's', truncate: false })).toEqual([
      400,
      expect.stringContaining('Multimodal data provided'),
    ]);
  });

  test('a template of the request is given no tools', async () => {
    const body = { model: 'own', prompt: 'p', template: '{{ .Tools }}|{{ .Messages | len }}', stream: false };
    const [{ _debug_info }] = await ask('/api/generate', { ...body, _debug_render_only: true });
    expect(_debug_info).toMatchObject({ rendered_template: 'null|3' });
  });

  test('architectures for which Ollama has programs of its own are given them', async () => {
    for (const [architecture, program] of [
      ['gemma4', 'gemma4'],
      ['laguna', 'laguna'],
      ['nemotron_h_moe', 'nemotron-3-nano'],
    ]) {
      const sizes = ['context_length', 'embedding_length', 'block_count'].map(key => [
        `${architecture}.${key}`,
        1,
      ]);
      const metadata = { 'general.architecture': architecture, ...Object.fromEntries(sizes) };
      await create('program', [architecture], {}, { metadata });
      const stop = architecture === 'gemma4' ? '\nPARAMETER stop <turn|>' : '';
      const lines = new RegExp(`\nRENDERER ${program}\nPARSER ${program}${stop}`.replaceAll('|', '\\|'));
      expect((await shown('program')).modelfile).toMatch(lines);
      await create('given', [architecture], { parser: 'p', parameters: { stop: ['x'] } }, { metadata });
      const given = (await shown('given')).modelfile as string;
      expect(given).toContain(`\nRENDERER ${program}\nPARSER p`);
      expect(given).not.toContain('<turn|>');
    }
  });
});
