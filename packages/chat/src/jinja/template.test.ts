import { afterEach, describe, expect, test, vi } from 'vitest';
import { createJinjaTemplate, TemplateError } from '../index.ts';
import { jinjaCapabilities } from './template.ts';

const hello = [{ role: 'user', content: 'Hello' }];
const render = (
  source: string,
  request: Partial<Parameters<ReturnType<typeof createJinjaTemplate>['render']>[0]> = {},
) => createJinjaTemplate(source, { bos: '<s>', eos: '</s>' }).render({ messages: hello, ...request });

afterEach(() => {
  vi.useRealTimers();
});

describe('what a template sees', () => {
  test('the special tokens, empty where the model has none', () => {
    expect(render('{{ bos_token }}|{{ eos_token }}')).toBe('<s>|</s>');
    expect(createJinjaTemplate('[{{ bos_token }}{{ eos_token }}]', {}).render({ messages: [] })).toBe('[]');
  });

  test('thinking is on unless it is turned off, and a level is passed on', () => {
    const source =
      '{{ enable_thinking }} {{ thinking }} {{ reasoning_effort is defined and reasoning_effort }}';
    expect(render(source)).toBe('true true false');
    expect(render(source, { think: false })).toBe('false false false');
    expect(render(source, { think: 'high' })).toBe('true true high');
  });

  test('no tools: no such variable', () => {
    expect(render('{{ tools is defined }}', { tools: [] })).toBe('false');
    expect(render('{{ tools[0].function.name }}', { tools: [{ function: { name: 'add' } }] })).toBe('add');
  });

  test('an answer with thinking and calls, and the result of a tool', () => {
    const messages = [
      {
        role: 'assistant',
        content: '',
        thinking: 'hm',
        images: ['x'],
        tool_calls: [{ id: 'c1', function: { index: 0, name: 'add', arguments: { a: 1, b: [true, null] } } }],
      },
      { role: 'tool', content: '2', tool_name: 'add', tool_call_id: 'c1' },
    ];
    expect(render('{{ messages | tojson }}', { messages })).toBe(
      '[{"role": "assistant", "content": "", "reasoning_content": "hm", "thinking": "hm", "tool_calls": [{"id": "c1", ' +
        '"type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": [true, null]}}}]}, ' +
        '{"role": "tool", "content": "2", "name": "add", "tool_call_id": "c1"}]',
    );
    // A template that takes arguments for text gets them as JSON text.
    const plus = "{{ 'args: ' + messages[0].tool_calls[0].function.arguments }}";
    expect(render(plus, { messages })).toBe('args: {"a": 1, "b": [true, null]}');
    expect(render(plus.replace('+', '~'), { messages })).toBe('args: {"a": 1, "b": [true, null]}');
  });

  test('the date', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-05T14:05:09') });
    const format = '%Y %y %m %B %b %d %-d %e %j %A %a %H %I %-I %M %S %p %F %T %% %Q';
    expect(render(`{{ strftime_now('${format}') }}`)).toBe(
      '2026 26 03 March Mar 05 5  5 064 Thursday Thu 14 02 2 05 09 PM 2026-03-05 14:05:09 % %Q',
    );
  });
});

// Expected: what Jinja2 3.1.6 gives, in the environment of Hugging Face Transformers.
test.each([
  ['{% for x in nothing %}{{ x }}{% endfor %}.', '.'],
  ["{% for c in 'añ🐶' %}{{ c }},{% endfor %}", 'a,ñ,🐶,'],
  ['{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}{{ x }} {% endfor %}', '11 23 '],
  ['{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}', '3 7 '],
  ['{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}', '1'],
  [
    '{% set ns = namespace(n=0) %}{% for x in range(2, 9, 3) %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}',
    '15',
  ],
  ["{{ range(5, 0, -2) | join('+') }}", '5+3+1'],
  ["{{ '  a \\n' | trim }}|{{ nothing | trim }}|{{ 'xxaxx' | trim('x') }}", 'a||a'],
  [
    "{{ '\\n a \\n'.strip('\\n') }}|{{ 'xyaxy'.lstrip('yx') }}|{{ 'xyaxy'.rstrip('yx') }}|{{ ' a '.strip() }}",
    ' a |axy|xya|a',
  ],
  ["{{ 'a-b-c'.split('-', 1) | join('|') }} {{ ' a  b '.split() | length }}", 'a|b-c 2'],
  [
    "{{ 'aXbXc'.replace('X', '--', 1) }} {{ 'aXb' | replace('X', '') }} {{ 'ab'.replace('', '.') }}",
    'a--bXc ab .a.b.',
  ],
  ["{{ '{}-{}-{{}}'.format(1, 'b') }} {{ '{1}{0}{k}'.format('a', 'b', k='c') }}", '1-b-{} bac'],
  ["{% set f = 'a.b'.replace %}{{ f('.', ':') }} {{ 'a.b'['replace']('.', ';') }}", 'a:b a;b'],
  ['{{ [3, 1, 2] | min }} {{ [3, 1, 2] | max }}', '1 3'],
  ["{{ nothing | length }}{{ nothing | list | length }}{{ none | selectattr('a') | list | length }}", '000'],
  ["{{ {'a': 'x', 'b': [1, true, none, \"it's\"]} | string }}", "{'a': 'x', 'b': [1, True, None, \"it's\"]}"],
  ["{{ 'a' ~ 1 ~ true ~ none ~ nothing }}", 'a1TrueNone'],
  [
    "{{ [] == '' }} {{ nothing == none }} {{ '' == 0 }} {{ [1, {'a': 2}] == [1, {'a': 2}] }} {{ 1 == true }}".replaceAll(
      /\{\{ (.*?) \}\}/g,
      "{{ 'y' if $1 else 'n' }}",
    ),
    'n n n y y',
  ],
  ["{{ {'b': 'ü<', 'a': 1.5} | tojson(sort_keys=true) }}", '{"a": 1.5, "b": "ü<"}'],
  ["{{ [1, {'a': [], 'b': 2}] | tojson(indent=2) }}", '[\n  1,\n  {\n    "a": [],\n    "b": 2\n  }\n]'],
  ["{{ ['ü', 2] | tojson(ensure_ascii=true, separators=(',', ':')) }}", '["\\u00fc",2]'],
  ["{{ 'a\\nb\\n\\nc' | indent(2) }}", 'a\n  b\n\n  c'],
  ["{% macro m(x, y='d') %}{{ x }}{{ y }}{{ kwargs.z }}{% endmacro %}{{ m(1, z=3) }}", '1d3'],
  ["{% filter upper %}a{{ 'b' }}{% endfilter %}", 'AB'],
  ['a\n  {%- if true %}\n b\n  {% endif %}\nc', 'a b\nc'],
  ["{{ ''.__class__ }}{{ [].constructor }}{{ {}.__proto__ }}{{ 'a'['constructor'] }}", ''],
])('%j gives %j', (source, expected) => {
  expect(render(source)).toBe(expected);
});

test('the capabilities, as Ollama finds them in the text', () => {
  expect(jinjaCapabilities('{{ messages }}')).toEqual([]);
  expect(jinjaCapabilities('{% if tools %}{% endif %}<think>')).toEqual(['tools']);
  expect(jinjaCapabilities('{{ message.tool_call }}<think></think>')).toEqual(['tools', 'thinking']);
  expect(jinjaCapabilities("{{ content.split('</think>')[-1] }}")).toEqual(['thinking']);
  expect(jinjaCapabilities("{{ content.split('</think>')[-1] }}{{ reasoning_content }}")).toEqual([]);
});

describe('errors say what is wrong', () => {
  test.each([
    ['{% if %}', /^The chat template cannot be parsed: /],
    ['{% if true %}', /^The chat template cannot be parsed/],
    ['{{ "a', /^The chat template cannot be parsed: /],
    ['{% frobnicate %}', /cannot be parsed: .*frobnicate/],
    [`{{ ${'('.repeat(100_000)} }}`, /cannot be parsed: it nests/],
    [' '.repeat(200_000), /200000 blanks in a row, more than 512/],
    ['x'.repeat(300_000), /300000 characters, more than 262144/],
  ])('%.20j', (source, message) => {
    expect(() => createJinjaTemplate(source, {})).toThrow(TemplateError);
    expect(() => createJinjaTemplate(source, {})).toThrow(message);
  });

  test.each([
    [
      "{{ raise_exception('Only user and assistant roles') }}",
      'The chat template refuses the messages: Only user and assistant roles',
    ],
    ["{{ 'a' | frobnicate }}", /^The chat template failed: .*frobnicate/],
    ['{{ frobnicate() }}', /^The chat template failed: /],
    ['{% break %}', 'The chat template failed'],
  ])('%j', (source, message) => {
    expect(() => render(source)).toThrow(TemplateError);
    expect(() => render(source)).toThrow(message);
  });
});
