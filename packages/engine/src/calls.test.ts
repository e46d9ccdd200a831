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
  readonly template?: string;
  readonly parser?: string;
  readonly options?: Partial<SamplingOptions>;
}

const open = async (
  pieces: readonly string[],
  { template = '', parser, jinja = template }: Asked & { jinja?: string } = {},
) =>
  load(createParrot(pieces, { 'tokenizer.chat_template': `${parrotTemplate}{# tools ${jinja} #}` }), {
    contextLength: 1024,
    config: parser ? { model_family: '', parser } : undefined,
  });

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
  'gpt-oss': {
    parser: 'harmony',
    says: ['<|channel|>commentary to=functions.get', '<|message|>', 'no'],
  },
};

it.each(Object.entries(families))('a call parses and validates, whatever is drawn: %s', async (_, family) => {
  const model = await open(family.says, family);
  for (const seed of [1, 2]) {
    // what the model would say is as good as certain, and where it must not, all that it may is as likely
    const options = { ...greedy, temperature: 0.03, seed, numPredict: 900 };
    const request = { messages, tools, options };
    const { calls, content } = await callsOf(model.chat(request));
    expect(calls.length, content).toBeGreaterThan(0);
    for (const call of calls) {
      expect(isValid[call.name](call.arguments), JSON.stringify(call)).toBe(true);
    }
    const byHost = await callsOf(model.chat({ ...request, topLogprobs: 0 }));
    expect(byHost.calls.map(call => call.arguments)).toEqual(calls.map(call => call.arguments));
  }
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

it('content that is an object is free, and so are calls whose format says no shape', async () => {
  const said = ['{"names": {"name": "x"', '}}'];
  const llama = await open(said, { template: '<|python_tag|>' });
  expect((await callsOf(llama.chat({ messages, tools, options: greedy }))).content).toBe(said.join(''));
  const xml = ['<tool_call>', '<function=get><parameter=key>zz', '</parameter></function>', '</tool_call>'];
  const coder = await open(xml, { parser: 'qwen3-coder' });
  const { calls } = await callsOf(coder.chat({ messages, tools, options: greedy }));
  expect(calls).toEqual([{ name: 'get', arguments: { key: 'zz' } }]);
});

it('a tool whose schema cannot be enforced is refused with its name, where calls are bound', async () => {
  const schema = { type: 'object', properties: { a: { type: 'string', pattern: '(a)\\1' } } };
  const odd = [...tools, { type: 'function', function: { name: 'odd', parameters: schema } }];
  const request = { messages, tools: odd, options: greedy };
  const model = await open(['ok'], { template: '<tool_call>' });
  await expect(collect(model.chat(request))).rejects.toMatchObject({
    status: 400,
    message: expect.stringMatching(/^tool "odd": .*"\/properties\/a".*"pattern"/),
  });
  const free = await open(['ok'], { parser: 'qwen3-coder' });
  expect((await collect(free.chat(request))).content).toBe('ok');
});
