/** What models say for whose Jinja templates this is the format, taken apart. */
import { describe, expect, test } from 'vitest';
import { chooseTemplate, createOutputParser, type ParsedCall } from '../src/index.ts';
import { readTools, typesOf } from '../src/tools.ts';
import { chatTemplates } from './fixtures.ts';

const tools = ['get_weather', 'get_time'].map(name => ({
  type: 'function',
  function: {
    name,
    description: '',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' }, tags: { type: 'array' } },
      required: ['city'],
    },
  },
}));

interface Said {
  readonly content?: string;
  readonly thinking?: string;
  readonly calls?: readonly (readonly [name: string, args: object])[];
}

function parse(
  jinja: string,
  pieces: readonly string[],
  more: { prompt?: string; tools?: readonly unknown[] } = {},
) {
  const parser = createOutputParser(chooseTemplate({ jinja }), { prompt: '', tools, ...more });
  let [content, thinking] = ['', ''];
  const calls: ParsedCall[] = [];
  for (const said of [...pieces.map(piece => parser.push(piece)), parser.end()]) {
    content += said.content ?? '';
    thinking += said.thinking ?? '';
    calls.push(...(said.calls ?? []));
  }
  return { content, thinking, calls };
}

const rome = ['get_weather', { city: 'Rome', days: 2 }] as const;
const object = '{"name": "get_weather", "arguments": {"city": "Rome", "days": 2}}';
const args = '{"city": "Rome", "days": 2}';

test.each<[template: string, text: string, expected: Said]>([
  [
    'Qwen-Qwen2.5-7B-Instruct',
    `Let me look.\n<tool_call>\n${object}\n</tool_call>`,
    { content: 'Let me look.', calls: [rome] },
  ],
  [
    'Qwen-Qwen3-0.6B',
    `<think>\nhm\n</think>\n\n<tool_call>${object}</tool_call>\n<tool_call>${object}</tool_call>`,
    { thinking: 'hm\n', calls: [rome, rome] },
  ],
  ['Qwen-Qwen3-0.6B', '<think>\nhm\n</think>\n\nYes.\n', { thinking: 'hm\n', content: '\n\nYes.\n' }],
  ['Qwen-Qwen3-0.6B', '<tool_call>{no JSON}</tool_call> x', { content: '<tool_call>{no JSON}</tool_call>x' }],
  ['Qwen-Qwen3-0.6B', `<tool_call>${object}`, { calls: [rome] }],
  [
    'Qwen-Qwen3-0.6B',
    '<tool_call>{"name": "get_weather", "arguments": {"city": "\\"</tool_call>"}}</tool_call>',
    { calls: [['get_weather', { city: '"</tool_call>' }]] },
  ],
  [
    'Qwen-Qwen3-0.6B',
    '<tool_call>{"name": "get_weather</tool_call> x',
    { content: '<tool_call>{"name": "get_weather</tool_call>x' },
  ],
  ['NousResearch-Hermes-3-Llama-3.1-8B-tool_use', `<tool_call>${object}</tool_call>`, { calls: [rome] }],
  ['ibm-granite-granite-4.0', `<tool_call>${object}</tool_call>`, { calls: [rome] }],
  ['meta-llama-Llama-3.1-8B-Instruct', `{"name": "get_weather", "parameters": ${args}}`, { calls: [rome] }],
  [
    'meta-llama-Llama-3.1-8B-Instruct',
    `<|python_tag|>{"name": "get_weather", "parameters": ${args}}`,
    { calls: [rome] },
  ],
  ['meta-llama-Llama-3.2-3B-Instruct', ` {"name": "get_weather", "parameters": ${args}}`, { calls: [rome] }],
  [
    'meta-llama-Llama-3.2-3B-Instruct',
    '{"name": "nothing", "parameters": {}}',
    { content: '{"name": "nothing", "parameters": {}}' },
  ],
  ['meta-llama-Llama-3.2-3B-Instruct', 'Use {"a": 1} here', { content: 'Use {"a": 1} here' }],
  ['meta-llama-Llama-3.2-3B-Instruct', '{"a": ', { content: '{"a": ' }],
  ['mistralai-Mistral-Nemo-Instruct-2407', `[TOOL_CALLS][${object}, ${object}]`, { calls: [rome, rome] }],
  ['mistralai-Mistral-Nemo-Instruct-2407', `[TOOL_CALLS] [${object}]`, { calls: [rome] }],
  [
    'Mistral-Small-3.2-24B-Instruct-2506',
    `ok[TOOL_CALLS]get_weather[ARGS]${args}[TOOL_CALLS]get_time[CALL_ID]ab[ARGS]{}`,
    { content: 'ok', calls: [rome, ['get_time', {}]] },
  ],
  [
    'mistralai-Ministral-3-14B-Reasoning-2512',
    `[THINK]hm[/THINK]Yes[TOOL_CALLS]get_weather[ARGS]${args}`,
    { thinking: 'hm', content: 'Yes', calls: [rome] },
  ],
  [
    'CohereForAI-c4ai-command-r7b-12-2024-tool_use',
    `<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[\n {"tool_call_id": "0", "tool_name": "get_weather", "parameters": ${args}}\n]<|END_ACTION|>`,
    { thinking: 'hm', calls: [rome] },
  ],
  [
    'CohereForAI-c4ai-command-r7b-12-2024-tool_use',
    '<|START_RESPONSE|>Yes<|END_RESPONSE|>',
    { content: 'Yes' },
  ],
  [
    'CohereForAI-c4ai-command-r-plus-tool_use',
    `Action: \`\`\`json\n[{"tool_name": "get_weather", "parameters": ${args}}]\n\`\`\``,
    { calls: [rome] },
  ],
  ['ibm-granite-granite-3.3-2B-Instruct', `<|tool_call|>[${object}]`, { calls: [rome] }],
  [
    'deepseek-ai-DeepSeek-R1-Distill-Qwen-32B',
    `hm\n</think>\n\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n${args}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    { thinking: 'hm\n', calls: [rome] },
  ],
  [
    'deepseek-ai-DeepSeek-V3.1',
    `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>${args}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    { calls: [rome] },
  ],
  [
    'openai-gpt-oss-120b',
    `<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>${args}`,
    { thinking: 'hm', calls: [rome] },
  ],
  [
    'openai-gpt-oss-120b',
    '<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes',
    { thinking: 'hm', content: 'Yes' },
  ],
  [
    'google-gemma-4-31B-it',
    '<|channel>thought\nhm<channel|>ok<|tool_call>call:get_weather{city:<|"|>Rome<|"|>,days:2}<tool_call|>',
    { thinking: 'hm', content: 'ok', calls: [rome] },
  ],
  [
    'google-gemma-4-31B-it',
    '<|tool_call>call:get_weather{city:Old Rome,tags:[<|"|>{,}<|"|>]}<tool_call|>',
    { calls: [['get_weather', { city: 'Old Rome', tags: ['{,}'] }]] },
  ],
  [
    'Qwen3-Coder',
    '<tool_call>\n<function=get_weather>\n<parameter=city>\nRome\n</parameter>\n<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>',
    { calls: [rome] },
  ],
  [
    'GLM-4.6',
    '\n<think>hm</think>\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>\n<arg_key>days</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
    { thinking: 'hm', calls: [rome] },
  ],
  [
    'LFM2-8B-A1B',
    "<|tool_call_start|>[get_weather(city='Rome', days=2)]<|tool_call_end|>ok",
    { content: 'ok', calls: [rome] },
  ],
  ['NVIDIA-Nemotron-Nano-v2', `<TOOLCALL>[${object}]</TOOLCALL>`, { calls: [rome] }],
  [
    'Kimi-K2-Instruct',
    `<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>${args}<|tool_call_end|><|tool_calls_section_end|>`,
    { calls: [rome] },
  ],
  [
    'MiniMax-M2',
    'hm</think>\n<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Rome</parameter>\n<parameter name="days">2</parameter>\n</invoke>\n</minimax:tool_call>',
    { thinking: 'hm', calls: [rome] },
  ],
  ['Apriel-1.6-15b-Thinker-fixed', `<tool_calls>[${object}]</tool_calls>`, { calls: [rome] }],
  ['microsoft-Phi-3.5-mini-instruct', `<tool_call>${object}</tool_call>`, { calls: [rome] }],
  ['google-gemma-2-2b-it', object, { calls: [rome] }],
])('%s: %j', (name, text, { content = '', thinking = '', calls = [] }) => {
  const { source } = chatTemplates.templates[name];
  const prompt = /^(hm|\n?hm)/.test(text) ? '<think>\n' : '';
  for (const pieces of [[text], [...text]]) {
    const said = parse(source, pieces, { prompt });
    expect({ ...said, calls: said.calls.map(call => [call.name, call.arguments]) }).toEqual({
      content,
      thinking,
      calls,
    });
    for (const { id } of said.calls) if (id !== undefined) expect(id).toMatch(/^[A-Za-z0-9]{32}$/);
  }
});

describe('Functionary', () => {
  const v31 = '<function=example>{{ tools }}';
  const v32 = '>>>all\n{{ tools }}';
  test('3.1', () => {
    expect(parse(v31, [`<function=get_weather>${args}</function>`]).calls).toMatchObject([
      { name: 'get_weather' },
    ]);
  });
  test('3.2', () => {
    const text = `all\nLet me > see.>>>get_weather\n${args}>>>get_time\n{"zone": ">>>all\\n"}`;
    for (const pieces of [[text], [...text]]) {
      expect(parse(v32, pieces)).toMatchObject({
        content: 'Let me > see.',
        calls: [
          { name: 'get_weather', arguments: { city: 'Rome', days: 2 } },
          { name: 'get_time', arguments: { zone: '>>>all\n' } },
        ],
      });
    }
  });
});

test('types of a parameter are found where schemas refer to themselves again and again', () => {
  const refs = Array.from({ length: 20 }, () => ({ $ref: '#/$defs/a' }));
  const parameters = {
    properties: { x: { $ref: '#/$defs/a' } },
    $defs: { a: { anyOf: [...refs, { type: 'integer' }] } },
  };
  const [tool] = readTools([{ type: 'function', function: { name: 'f', parameters } }]);
  expect(typesOf(tool, 'x')).toEqual(['integer']);
});

test('a call that is cut off is no error with a parser of Ollama either', () => {
  const parser = createOutputParser(chooseTemplate({ go: '{{ .Prompt }}', parser: 'qwen3' }), {
    prompt: '',
    tools,
  });
  expect([parser.push('ok <tool_call>{"name": "get_'), parser.end()]).toEqual([{ content: 'ok' }, {}]);
});

test('without tools there are no calls', () => {
  const { source } = chatTemplates.templates['Qwen-Qwen2.5-7B-Instruct'];
  const text = `<tool_call>${object}</tool_call> `;
  expect(parse(source, [text], { tools: undefined })).toEqual({ content: text, thinking: '', calls: [] });
});

test('when a call is opened, the parser knows what must follow', () => {
  const { source } = chatTemplates.templates['Qwen-Qwen2.5-7B-Instruct'];
  const parser = createOutputParser(chooseTemplate({ jinja: source }), { prompt: '', tools });
  parser.push('ok <tool_');
  expect(parser.expected).toBeUndefined();
  parser.push('call>');
  const calls = tools.flatMap(({ function: { name, parameters } }) =>
    ['arguments', 'parameters'].map(key => ({
      properties: { name: { const: name }, [key]: parameters },
      required: ['name', key],
    })),
  );
  const shapes = [[{ schema: { anyOf: calls } }, '\n</tool_call>']];
  expect(parser.expected).toMatchObject({ shapes, begun: '' });
  expect(parser.shapes).toEqual(parser.expected!.shapes);
  parser.push('\n');
  expect(parser.expected).toBeUndefined();
});

test('behind the mark of a program a call is expected where one begins', () => {
  const { source } = chatTemplates.templates['meta-llama-Llama-3.1-8B-Instruct'];
  const parser = createOutputParser(chooseTemplate({ jinja: source }), { prompt: '', tools });
  for (const [piece, begun] of [
    ['<|python_tag|>', undefined],
    [' {"name"', '{"name"'],
    [': "', undefined],
  ]) {
    parser.push(piece!);
    expect(parser.expected?.begun).toBe(begun);
  }
});

test('a family whose calls stand between further marks expects each, in either way of writing it', () => {
  const parser = createOutputParser(chooseTemplate({ go: '{{ .Prompt }}', parser: 'deepseek3' }), {
    prompt: '',
    tools: tools.slice(0, 1),
  });
  parser.push('<｜tool▁calls▁begin｜>');
  expect(parser.expected).toBeUndefined();
  for (const before of ['', 'get_weather<｜tool▁sep｜>{}<｜tool▁call▁end｜>\n']) {
    parser.push(`${before}<｜tool▁call▁begin｜>`);
    expect(parser.expected!.shapes).toMatchObject([
      ['get_weather<｜tool▁sep｜>', { schema: { type: 'object' } }, '<｜tool▁call▁end｜>'],
      ['function<｜tool▁sep｜>get_weather\n```json\n', {}, '\n```<｜tool▁call▁end｜>'],
    ]);
  }
});

test('a long text without marks goes through at once, and one full of them in time', () => {
  const { source } = chatTemplates.templates['Qwen-Qwen3-0.6B'];
  const before = process.cpuUsage();
  parse(
    source,
    Array.from({ length: 20_000 }, () => 'word '),
  );
  parse(
    source,
    Array.from({ length: 2000 }, () => '<tool_call'),
  );
  parse(source, ['<tool_call>', ...Array.from({ length: 2000 }, () => '{"a": "')]);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(2);
});

describe("what Ollama's parsers make of what is not as it should be", () => {
  const say = (
    parser: string,
    text: string,
    more: { think?: boolean; messages?: readonly { role: string; content: string }[] } = {},
  ) => {
    const reader = createOutputParser(chooseTemplate({ go: '{{ .Prompt }}', parser }), {
      prompt: '',
      tools,
      ...more,
    });
    const all = [...text].map(char => reader.push(char));
    all.push(reader.end());
    const calls = all.flatMap(said => said.calls ?? []).map(({ name, arguments: args }) => [name, args]);
    const [content, thinking] = (['content', 'thinking'] as const).map(key =>
      all.map(said => said[key] ?? '').join(''),
    );
    return { content, thinking, calls };
  };
  const [begin, separator, end] = ['<｜tool▁call▁begin｜>', '<｜tool▁sep｜>', '<｜tool▁call▁end｜>'];
  const deep = (call: string) => `ok<｜tool▁calls▁begin｜>${begin}${call}${end}<｜tool▁calls▁end｜>`;

  test.each<[string, string, { think?: boolean }?]>([
    ['deepseek3', deep('bad_tool{"arg":1}')],
    ['cogito', deep(`get_time${separator}{no json}`)],
    ['lfm2', 'ok<|tool_call_start|>bash(command)<|tool_call_end|>'],
    ['olmo3', 'ok<function_calls></function_calls>'],
    ['gemma4', 'ok<|tool_call>call:get_time{city:<|"|>a}<tool_call|>'],
    ['cohere', 'ok<|START_ACTION|>[!!!]<|END_ACTION|>', { think: false }],
  ])('%s drops a call that it cannot read', (parser, text, more = {}) => {
    expect(say(parser, text, more)).toEqual({ content: 'ok', thinking: '', calls: [] });
  });

  test.each<[string, string, RegExp]>([
    [
      'qwen3.5',
      '</think><tool_call>\n<function=get_time>\n<parameter=city>\nRome\n</function>\n</tool_call>',
      /^XML syntax error: <parameter=city>/,
    ],
    ['qwen3-coder', '<tool_call><function=f></parameter></function></tool_call>', /^XML syntax error/],
    [
      'qwen3-coder',
      '<tool_call><function=f><parameter=a>1<parameter=b>2</parameter></function></tool_call>',
      /^XML syntax error: <parameter=a>/,
    ],
    ['qwen3', '<tool_call></tool_call>', /^failed to parse JSON/],
    ['qwen3', `<tool_call>[${object}]</tool_call>`, /not an object/],
    ['qwen3', '<tool_call>{"name": "get_time", "arguments": "{}"}</tool_call>', /not an object/],
    ['qwen3', '<tool_call>{"arguments": {}}</tool_call>', /^empty function name$/],
    ['ministral', '[TOOL_CALLS]unknown_tool[ARGS]{}', /^tool 'unknown_tool' not found$/],
    [
      'glm-ocr',
      '<tool_call>get_time<arg_key>city</arg_key></tool_call>',
      /^mismatched arg_key and arg_value counts: 1 keys, 0 values$/,
    ],
  ])('%s refuses %j', (parser, text, message) => {
    expect(() => say(parser, text)).toThrow(message);
  });

  test.each<[string, object]>([
    ['<arg_key>city</arg_key>\n<arg_value>Paris', { city: 'Paris' }],
    ['<arg_key>city</arg_key><arg_value>Paris<arg_key>x</arg_key>\n<arg_value>C', { city: 'Paris', x: 'C' }],
    ['<arg_key>city</arg_key>\nNew York</arg_value>', { city: 'New York' }],
    ['<arg_key>city<arg_value>Bern</arg_value>', { city: 'Bern' }],
  ])('GLM takes tags that are missing for there: %s', (inner, args) => {
    const { calls } = say('glm-ocr', `<tool_call>get_weather\n${inner}</tool_call>`);
    expect(JSON.stringify(calls).replaceAll('\\n', '')).toBe(JSON.stringify([['get_weather', args]]));
  });

  test('a call that was cut off before what its tool asks for is none', () => {
    const opened = '<tool_call>get_weather\n';
    expect(say('glm-ocr', `${opened}<arg_key>days</arg_key>\n<arg_value>2</arg_value>`).calls).toEqual([]);
    expect(say('glm-ocr', `${opened}<arg_key>city</arg_key>\n<arg_value>Rome</arg_value>`).calls).toEqual([
      ['get_weather', { city: 'Rome' }],
    ]);
    const cut = `${opened}<arg_key>days</arg_key>\n<arg_value>2</arg_value>`;
    const jinja = '{% if tools %}<arg_key>{% endif %}';
    expect(parse(jinja, [cut])).toEqual({ content: cut, thinking: '', calls: [] });
  });

  test('Gemma 4 thinks behind a mark, with a name or without, and behind the results of tools', () => {
    const asked = { think: true };
    expect(say('gemma4', '<|channel>just thinking<channel|>ok', asked)).toMatchObject({
      thinking: 'just thinking',
      content: 'ok',
    });
    expect(say('gemma4', 'a <|channel>thought\nhm<channel|>ok', asked)).toMatchObject({
      thinking: 'hm',
      content: 'a ok',
    });
    for (const parser of ['gemma4', 'gemma4-no-thinking'])
      expect(say(parser, '<|channel>thought\nhm<channel|>ok')).toMatchObject({ thinking: '', content: 'ok' });
    const messages = [{ role: 'tool', content: 'files' }];
    expect(say('gemma4', 'I see.<channel|>go.mod', { think: true, messages })).toMatchObject({
      thinking: 'I see.',
      content: 'go.mod',
    });
    expect(say('gemma4', '<|tool_call>call:f{q:"a,b:c"}<tool_call|>').calls).toEqual([['f', { q: 'a,b:c' }]]);
  });

  test('Cohere: of a list that is no JSON, the calls that are', () => {
    const call = (name: string, args: string) => `{"tool_name": "${name}", "parameters": ${args}}`;
    const rome = '{"city": "Rome {"}';
    const actions = `[${call('get_time', '{"at": 15:30}')} ${call('get_weather', rome)}, ${call('f', '[]')}]`;
    expect(say('cohere', `<|START_ACTION|>${actions}<|END_ACTION|>`, { think: false }).calls).toEqual([
      ['get_weather', { city: 'Rome {' }],
    ]);
  });

  test('Qwen 3 calls arguments by no other name', () => {
    const call = '<tool_call>{"name": "get_time", "parameters": {"city": "Rome"}}</tool_call>';
    expect(say('qwen3', call).calls).toEqual([['get_time', {}]]);
  });

  test('Ministral may think, whatever is asked', () => {
    expect(say('ministral', '[THINK]a[/THINK]b', { think: false })).toMatchObject({
      thinking: 'a',
      content: 'b',
    });
  });
});
