import type { Message, SamplingOptions } from '@tabllama/api';
import Ajv from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { collect, greedy, load } from '../test/load.ts';
import { createParrot, parrotTemplate } from '../test/parrot.ts';

const messages: Message[] = [{ role: 'user', content: 'Hi' }];
const parameters = {
  get_weather: {
    type: 'object',
    properties: { city: { enum: ['Rome', 'Bern'] }, days: { $ref: '#/$defs/days' } },
    required: ['city', 'days'],
    $defs: { days: { type: 'integer', minimum: 1, maximum: 14 } },
  },
  get: { properties: { key: { type: 'string', pattern: '^[a-c]{1,3}$' } }, required: ['key'] },
};
const tools = Object.entries(parameters).map(([name, schema]) => ({
  type: 'function',
  function: { name, parameters: schema },
}));
const isValid = Object.fromEntries(
  Object.entries(parameters).map(([name, schema]) => [name, new Ajv({ strict: false }).compile(schema)]),
);

interface Asked {
  /** What a Jinja template shows, or how a Go template writes a call. */
  readonly template?: string;
  readonly go?: string;
  /** Of what it says, what are control tokens. */
  readonly controls?: readonly string[];
  readonly parser?: string;
  readonly options?: Partial<SamplingOptions>;
}

const open = async (
  pieces: readonly string[],
  { template = '', go, controls = [], parser, jinja = template }: Asked & { jinja?: string } = {},
) => {
  const chat = { 'tokenizer.chat_template': `${parrotTemplate}{# tools ${jinja} #}` };
  const file = createParrot(pieces, go === undefined ? chat : {});
  const tokens = file.gguf.metadata.get('tokenizer.ggml.tokens') as string[];
  const types = file.gguf.metadata.get('tokenizer.ggml.token_type') as Int32Array;
  for (const text of controls) types[tokens.indexOf(text)] = 3;
  return load(file, {
    contextLength: 1024,
    template:
      go === undefined ? undefined : `{{ .Tools }}{{ range .Messages }}{{ .Content }}${go}{{ end }}<go>`,
    config: parser ? { model_family: '', parser } : undefined,
  });
};

const callsOf = async (answer: Parameters<typeof collect>[0]) => {
  const { deltas, ...rest } = await collect(answer);
  const calls = deltas.flatMap(({ toolCalls = [] }) => toolCalls.map(call => call.function));
  return { ...rest, calls };
};

// what a template shows, and what the model says before it should call
const families: Record<string, Asked & { readonly says: readonly string[] }> = {
  Hermes: { template: '<tool_call> </tool_call>', says: ['ok', '<tool_call>'] },
  'Llama 3': { template: '<|python_tag|>', says: ['{"name', '": "no'] },
  Mistral: { template: '[TOOL_CALLS] [ARGS]', says: ['[TOOL_CALLS]'] },
  'Mistral, lists': { template: '[TOOL_CALLS]', says: ['[TOOL_', 'CALLS] [{', '"no'] },
  'Command A': { template: '<|START_ACTION|>', says: ['<|START_ACTION|>', '[\n '] },
  Granite: { template: '<|tool_call|>', says: ['<|tool_call|>', 'no'] },
  Functools: { template: 'functools[', says: ['functools'] },
  'Functionary 3.1': { template: '<function=', says: ['<function=', 'no'] },
  'Command R': { template: 'Action: ```json', says: ['Action:', 'no'] },
  'Functionary 3.2': { template: '>>>all', says: ['get', '\n', 'no'] },
  FunctionGemma: { template: '<start_function_call>', says: ['<start_function_call>', 'no'] },
  'Gemma 4': { parser: 'gemma4', says: ['ok', '<|tool_call>', 'call:g', 'x'] },
  'Qwen3 Coder': { parser: 'qwen3-coder', says: ['<tool_call>', '\n<func'] },
  GLM: { template: '<arg_key>', says: ['<tool_call>', 'get_'] },
  LFM2: { parser: 'lfm2', says: ['<|tool_call_start|>', 'no'] },
  'OLMo 3': { template: '<function_calls>', says: ['<function_calls>', 'no'] },
  'MiniMax M2': { template: '<minimax:tool_call>', says: ['<minimax:tool_call>', 'no'] },
  'Kimi K2': { template: '<|tool_calls_section_begin|>', says: ['<|tool_calls_section_begin|>', 'no'] },
  'gpt-oss': {
    parser: 'harmony',
    says: ['<|channel|>commentary to=functions.get', '<|message|>', 'no'],
  },
  // as of Granite 4, DeepSeek V3.1, Command R and Granite 3.2 Vision
  'Go, printed': {
    go: '{{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{{ print "{\\"name\\": \\"" .Function.Name "\\", \\"arguments\\": " (json .Function.Arguments) "}" }}{{ end }}{{ end }}',
    says: ['<tool_call>', 'no'],
  },
  'Go, name first': {
    go: '{{ if .ToolCalls }}<calls>{{ range .ToolCalls }}<call>{{ .Function.Name }}<sep>{{ .Function.Arguments }}</call>{{ end }}{{ end }}',
    says: ['ok', '<calls>', '<call>', 'no'],
    controls: ['<calls>', '<call>'],
  },
  'Go, a control token': {
    go: '{{ if .ToolCalls }}[TOOL_CALLS] [{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}]{{ end }}',
    says: ['ok', '[TOOL_CALLS]', ' [', 'no'],
    controls: ['[TOOL_CALLS]'],
  },
  'Go, other keys': {
    go: '{{ if .ToolCalls }}Action: [{{ range .ToolCalls }}\n{ "tool_name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }} }{{ end }}]{{ end }}',
    says: ['Action', ': [', '\n{', '"no'],
  },
  'Go, none': { go: '', says: ['{"name', '": "no'] },
};

it.each(Object.entries(families))('a call parses and validates, whatever is drawn: %s', async (_, family) => {
  const model = await open(family.says, family);
  // what the model would say is as good as certain, and where it must not, all that it may is as likely
  const options = { ...greedy, temperature: 0.03, seed: 1, numPredict: 900 };
  const request = { messages, tools, options };
  const { calls, content } = await callsOf(model.chat(request));
  expect(calls.length, content).toBeGreaterThan(0);
  for (const call of calls) {
    expect(isValid[call.name](call.arguments), JSON.stringify(call)).toBe(true);
  }
  const byHost = await callsOf(model.chat({ ...request, topLogprobs: 0 }));
  expect(byHost.calls.map(call => call.arguments)).toEqual(calls.map(call => call.arguments));
});

it('a model that calls as it should says what it would say, token by token', async () => {
  const first = ['{"name": "', 'get', '", "arguments": {"', 'key": "abc"}}'];
  const second = ['\n{"name":"get_weather",', '"arguments":{"city": "Rome","days":3}}', '\n', '</tool'];
  const pieces = [
    '<think>',
    '{"x',
    '</think>',
    'ok',
    ' <tool_call>',
    ...first,
    '</tool_call>',
    ' <tool_',
    'call>',
  ];
  const script = [...pieces, ...second, '_call>', ' bye'];
  const model = await open(script, { template: '<tool_call> <think> </think>' });
  for (const topLogprobs of [undefined, 0]) {
    const options = { ...greedy, numPredict: 100 };
    const answer = await callsOf(model.chat({ messages, tools, options, topLogprobs }));
    expect(answer.calls).toEqual([
      { name: 'get', arguments: { key: 'abc' } },
      { name: 'get_weather', arguments: { city: 'Rome', days: 3 } },
    ]);
    expect(answer).toMatchObject({ thinking: '{"x', content: 'okbye', done: 'stop' });
    expect(answer.stats.tokens).toBe(script.length + 1);
  }
});

it('a call is cut by num_predict', async () => {
  const model = await open(['<tool_call>', 'no'], { template: '<tool_call>' });
  const options = { ...greedy, numPredict: 6 };
  const { done, stats, calls } = await callsOf(model.chat({ messages, tools, options }));
  expect([done, stats.tokens, calls]).toEqual(['length', 6, []]);
});

it.each<[string, string, readonly string[], object]>([
  [
    'qwen3-coder',
    '',
    [
      '<tool',
      '_call>\n<',
      'function=',
      'get',
      '>\n<parameter',
      '=key',
      '>\nabc\n',
      '</parameter>\n</',
      'function',
      '>\n</tool_call>\n',
    ],
    { key: 'abc' },
  ],
  [
    'functiongemma',
    '',
    ['<start_function_call>', 'call:get{key', ':<escape>ab', '<escape>}<end_', 'function_call>'],
    { key: 'ab' },
  ],
  ['lfm2', '', ['<|tool_call_start|>', '[get(', "key='a", "b')]<|", 'tool_call_end|>'], { key: 'ab' }],
  [
    '',
    '<tool_call>',
    ['<tool_call>', '\n{"name": "get", "arguments": {"key": "a"', '}}\n</', 'tool_call>'],
    { key: 'a' },
  ],
])('tokens may lie across the parts of a call: %s %s', async (parser, template, script, args) => {
  const model = await open(script, parser ? { parser } : { template });
  const { calls, stats } = await callsOf(
    model.chat({ messages, tools, options: { ...greedy, numPredict: 100 } }),
  );
  expect(calls).toEqual([{ name: 'get', arguments: args }]);
  expect(stats.tokens).toBe(script.length + 1);
});

it('content that is an object is free, and so is what is marked but no object', async () => {
  const said = ['{"names": {"name": "x"', '}}'];
  const llama = await open(said, { template: '<|python_tag|>' });
  expect((await callsOf(llama.chat({ messages, tools, options: greedy }))).content).toBe(said.join(''));
  const program = ['<|python_tag|>', 'get("no', '")'];
  const python = await open(program, { template: '<|python_tag|>' });
  expect((await callsOf(python.chat({ messages, tools, options: greedy }))).content).toBe(program.join(''));
});

it('a tool whose schema cannot be enforced is refused with its name, where calls are bound', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string', pattern: '(a)\\1' } } };
  const odd = [...tools, { type: 'function', function: { name: 'odd', parameters: schema } }];
  const request = { messages, tools: odd, options: greedy };
  for (const asked of [{ template: '<tool_call>' }, { parser: 'qwen3-coder' }]) {
    const model = await open(['ok'], asked);
    await expect(collect(model.chat(request))).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^tool "odd": .*"\/properties\/a".*"pattern"/),
    });
  }
  const free = await open(['ok']);
  expect((await collect(free.chat({ ...request, tools: undefined }))).content).toBe('ok');
});
