import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { goMessages } from '../src/go/data.ts';
import { execute } from '../src/go/evaluator.ts';
import { builtins, ollamaFunctions } from '../src/go/functions.ts';
import { parse } from '../src/go/parser.ts';
import {
  fromJson,
  type GoMap,
  type GoStruct,
  goList,
  goMap,
  goStruct,
  jsonText,
  type Value,
} from '../src/go/values.ts';
import { createGoTemplate } from '../src/index.ts';
import { type GoContext, type GoTool, goCases, ollamaTemplates } from './fixtures.ts';

/** The text or the words of the error. */
const result = (run: () => string): string | { error: string } => {
  try {
    return run();
  } catch (error) {
    return { error: (error as Error).message };
  }
};

describe('a template over values gives what Go gives', () => {
  const functions = { ...builtins, ...ollamaFunctions };

  test.each(goCases.templates)('$N', ({ N, S }) => {
    const definitions = parse(S, new Set(Object.keys(functions)));
    for (const context of goCases.contexts) {
      const { ok, err } = goCases.expected[`${N}::${context.Name}`];
      const text = result(() => execute({ source: S, definitions, functions }, values(context)));
      expect(text, context.Name).toEqual(ok ?? { error: err });
    }
  });

  /** Parameters of tools are plain maps in these cases. */
  function values({ Messages, Tools, System, Prompt, Suffix, Response, ...think }: GoContext) {
    const data: Record<string, Value> = {
      System: System as string,
      Response: Response as string,
      Think: think.Think as boolean,
      ThinkLevel: think.ThinkLevel as string,
      IsThinkSet: think.IsThinkSet as boolean,
    };
    if (!Messages)
      return goMap({ ...data, Prompt: Prompt as string, ...(Suffix ? { Suffix: Suffix as string } : {}) });
    const messages = Messages.map(message => ({
      role: message.Role,
      content: message.Content,
      thinking: message.Thinking,
      tool_name: message.ToolName,
      tool_call_id: message.ToolCallID,
      tool_calls: message.ToolCalls?.map(({ ID, Function: called }) => ({
        id: ID,
        function: { index: called.Index, name: called.Name, arguments: called.Arguments },
      })),
    }));
    const tools: Value = goList((Tools ?? []).map(tool), 'Tools', {
      isNil: !Tools,
      text: () => jsonText(tools),
    });
    return goMap({ ...data, Messages: goMessages(messages), Tools: tools });
  }

  function tool({ Type, Function: described }: GoTool): Value {
    const { Name, Description, Parameters } = described;
    const properties = fromJson(Parameters.Properties) as GoMap;
    const parameters = goStruct('Parameters', [
      { name: 'Type', key: 'type', value: Parameters.Type },
      { name: 'Defs', key: '$defs', omitEmpty: true, value: null },
      { name: 'Items', key: 'items', omitEmpty: true, value: null },
      { name: 'Required', key: 'required', value: fromJson(Parameters.Required) },
      { name: 'Properties', key: 'properties', value: { ...properties, text: () => jsonText(properties) } },
    ]);
    const called = goStruct('Function', [
      { name: 'Name', key: 'name', value: Name },
      { name: 'Description', key: 'description', value: Description },
      { name: 'Parameters', key: 'parameters', value: parameters },
    ]);
    const struct: GoStruct = goStruct(
      'Tool',
      [
        { name: 'Type', key: 'type', value: Type },
        { name: 'Function', key: 'function', value: called },
      ],
      () => jsonText(struct),
    );
    return struct;
  }
});

describe('messages, tools and thinking become what Ollama makes of them', () => {
  beforeAll(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(ollamaTemplates.clock) });
  });
  afterAll(() => {
    vi.useRealTimers();
  });

  test.each(Object.entries(ollamaTemplates.templates))('%j', (_, { source, error, ...known }) => {
    if (error !== undefined) {
      expect(result(() => createGoTemplate(source).source)).toEqual({ error });
      return;
    }
    const template = createGoTemplate(source);
    expect(template.toolTag).toBe(known.tag);
    const { open, close } = known;
    expect(template.thinkingTags).toEqual(open && close ? { open, close } : undefined);
    for (const [name, expected] of Object.entries(known.expected)) {
      const text = result(() => template.render(ollamaTemplates.requests[name]));
      expect(text, name).toEqual(expected);
    }
  });
});

test('what is missing has no fields, but for the last turn of a template that goes by turns', () => {
  const user = { role: 'user', content: 'Hi' };
  const template = createGoTemplate('{{ .Nope.Nope }} {{ .Prompt }}{{ .Response }}');
  expect(template.render({ messages: [user] })).toBe('<no value> Hi');
  expect(() => template.render({ messages: [user, { role: 'assistant', content: 'Hi' }, user] })).toThrow(
    'template: :1:8: executing "" at <.Nope.Nope>: nil pointer evaluating interface {}.Nope',
  );
});

test('of the last turn, what stands behind the first .Response is left out, within a pipeline too', () => {
  const messages = [{ role: 'user', content: 'Hi' }];
  const render = (source: string) => createGoTemplate(source).render({ messages });
  expect(render('{{ .Prompt }}:{{ print (or .Response "a") "b" }}c')).toBe('Hi:');
  expect(render('{{ .Prompt }}:{{ print (or "a" .Response) "b" }}c')).toBe('Hi:a');
});

test('the dates are local ones', () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-01T00:30:00') });
  const template = createGoTemplate(
    '{{ currentDate "x" }} {{ yesterdayDate }}{{ range .Messages }}{{ end }}',
  );
  expect(template.render({ messages: [] })).toBe('2026-03-01 2026-02-28');
  vi.useRealTimers();
});

test.each([
  ['{{ .Prompt. }}', 'unexpected <.> in operand'],
  ['{{ a\x01 }}', 'bad character U+0001'],
  ['{{ aé }}', 'function "aé" not defined'],
  ['{{ .a€ }}', "bad character U+20AC '€'"],
])('%j is refused with the words of Go: %s', (template, words) => {
  expect(() => createGoTemplate(template)).toThrow(`template: :1: ${words}`);
});

test('the capabilities, by the variables of the template', () => {
  const of = (source: string) => createGoTemplate(source).capabilities;
  expect(of('{{ .Prompt }} Tools Suffix')).toEqual([]);
  expect(of('{{ range $.Tools }}{{ end }}{{ if .Suffix }}{{ end }}')).toEqual(['tools', 'insert']);
  expect(of('{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ end }}')).toEqual([
    'thinking',
  ]);
});

test('what a schema says of items and definitions is shown, be it nothing', () => {
  const parameters = { type: 'object', $defs: {}, items: '', properties: { a: { items: {} } } };
  const tools = [{ type: 'function', items: [], function: { name: 'f', parameters } }];
  expect(createGoTemplate('{{ .Tools }}{{ .Messages }}').render({ messages: [], tools })).toContain(
    '"items":[],"function":{"name":"f","description":"","parameters":' +
      '{"type":"object","$defs":{},"items":"","properties":{"a":{"items":{}}}}}',
  );
});

test('the properties of a parameter are shown where it says that it has some, be they none', () => {
  const properties = { a: { properties: {} }, b: {} };
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }];
  expect(createGoTemplate('{{ .Tools }}{{ .Messages }}').render({ messages: [], tools })).toContain(
    '"properties":{"a":{"properties":{}},"b":{}}',
  );
});
