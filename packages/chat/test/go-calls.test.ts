import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commonKeys } from '../src/formats/format.ts';
import { createGenericParser } from '../src/generic-tools.ts';
import { callForm } from '../src/go/calls.ts';
import { createGoTemplate } from '../src/go/template.ts';
import { readTools } from '../src/tools.ts';
import { goCases } from './fixtures.ts';

const path = new URL('../src/known/known-templates.json', import.meta.url);
const known: readonly { name: string; template: string }[] = JSON.parse(readFileSync(path).toString());
const sources = new Map([
  ...goCases.templates.map(({ N, S }) => [N.replace(/^library\/|#\d+$/g, ''), S] as const),
  ...known.map(({ name, template }) => [name, template] as const),
]);
const formOf = (source: string) => {
  const template = createGoTemplate(source);
  return callForm(template, template.toolTag);
};

describe('how templates of models write calls', () => {
  const others: Readonly<Record<string, unknown>> = {
    'command-r': { name: 'tool_name', args: ['parameters'] },
    'deepseek-v3.1:latest': { opening: '<｜tool▁call▁begin｜>', blank: '', between: '<｜tool▁sep｜>' },
  };
  const templates = [...sources].filter(([, source]) => /\.ToolCalls\b/.test(source));
  test('there are some', () => expect(templates.length).toBeGreaterThan(11));
  test.each(templates)('%s', (name, source) => {
    expect(formOf(source)).toEqual(others[name] ?? commonKeys);
  });
});

const body = '{{ range .Messages }}{{ .Content }}{{ if .ToolCalls }}<call>{{ range .ToolCalls }}';
const rest = '{{ end }}{{ end }}{{ end }}';
test.each<[string, object]>([
  ['{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}', commonKeys],
  ['{"type": "x", "name": {{ json .Function.Name }}, "arguments": {{ .Function.Arguments }}}', commonKeys],
  ['{"name": "{{ .Function.Name }}", "args": {{ .Function.Arguments }}}', { name: 'name', args: ['args'] }],
  ['{"input": {{ .Function.Arguments }}, "tool": "{{ .Function.Name }}"}', { name: 'tool', args: ['input'] }],
  [
    '\n{{ .Function.Name }}\n{{ json .Function.Arguments }}',
    { opening: '<call>', blank: '\n', between: '\n' },
  ],
  ['<f>{{ .Function.Name }}({{ .Function.Arguments }})', { opening: '<f>', blank: '', between: '(' }],
  // no JSON is written, or nothing at all
  ['{{ .Function.Name }}({{ range $key, $value := .Function.Arguments }}{{ $key }}{{ end }})', commonKeys],
  ['{{ slice .Function.Name 99 }}', commonKeys],
])('a call that is written %j', (call, form) => {
  expect(formOf(body + call + rest)).toEqual(form);
});

test('an answer that begins with a bracket does not begin with a name', () => {
  const source = '{{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Name }}{{ .Function.Arguments }}';
  expect(formOf(`${source}{{ end }}{{ end }}`)).toEqual(commonKeys);
});

describe('calls are read as they are written', () => {
  const names = ['call', 'get', 'get_more', 'name'];
  const tools = readTools(names.map(name => ({ type: 'function', function: { name, parameters: {} } })));
  const read = (text: string, tag: string, form: Parameters<typeof createGenericParser>[2]) => {
    const parser = createGenericParser(tag, tools, form);
    return [...text].flatMap(char => parser.push(char).calls ?? []);
  };
  test('a name that also stands in the tag, or is that of a key', () => {
    const text = '<call>{"name": "get_more", "arguments": {"a": 1}}{"name": "name", "parameters": {}}';
    expect(read(text, '<call>', commonKeys)).toEqual([
      { name: 'get_more', arguments: { a: 1 } },
      { name: 'name', arguments: {} },
    ]);
  });
  test('arguments behind a name, whatever is in them', () => {
    const text =
      '<calls><call>get<sep>{"name": "x", "get": {}}</call><call>call<sep>{"a": [{"name": 1}]}</call>';
    expect(read(text, '<calls>', { opening: '<call>', blank: '', between: '<sep>' })).toEqual([
      { name: 'get', arguments: { name: 'x', get: {} } },
      { name: 'call', arguments: { a: [{ name: 1 }] } },
    ]);
  });
  test('other keys, in a list', () => {
    const call = (name: string) => `{"tool_name": "${name}", "parameters": {"name": "x"}}`;
    const keys = { name: 'tool_name', args: ['parameters'] };
    expect(read(`Action: [${call('get')}, ${call('call')}]`, 'Action: [', keys)).toEqual([
      { name: 'get', arguments: { name: 'x' } },
      { name: 'call', arguments: { name: 'x' } },
    ]);
  });
});
