/** Messages and tools as the structs that Ollama gives its Go templates. Names and JSON tags: `template/template.go`, `api/types.go`. */
import type { ChatMessage, ChatToolCall } from '../chat-template.ts';
import { toJson } from './text.ts';
import {
  fromJson,
  type GoField,
  type GoMap,
  type GoStruct,
  goList,
  goMap,
  goStruct,
  jsonText,
  type Value,
} from './values.ts';

type Json = Readonly<Record<string, unknown>>;
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown, type = '[]string') =>
  goList(Array.isArray(value) ? value.map(textOf) : [], type, { isNil: !Array.isArray(value) });

export function goMessages(messages: readonly ChatMessage[]): Value {
  return goList(messages.map(goMessage), '[]*template.templateMessage');
}

function goMessage(message: ChatMessage): GoStruct {
  return goStruct('*template.templateMessage', [
    { name: 'Role', value: message.role },
    { name: 'Content', value: message.content },
    { name: 'Thinking', value: message.thinking ?? '' },
    { name: 'Images', value: texts(message.images, '[]api.ImageData') },
    {
      name: 'ToolCalls',
      value: goList((message.tool_calls ?? []).map(goToolCall), '[]template.templateToolCall', {
        isNil: !message.tool_calls?.length,
      }),
    },
    { name: 'ToolName', value: message.tool_name ?? '' },
    { name: 'ToolCallID', value: message.tool_call_id ?? '' },
  ]);
}

function goToolCall({ id, function: called }: ChatToolCall): GoStruct {
  const call = goStruct('template.templateToolCallFunction', [
    { name: 'Index', value: BigInt(called.index ?? 0) },
    { name: 'Name', value: called.name },
    { name: 'Arguments', value: printsAsJson(fromJson(called.arguments) as GoMap, 'template.templateArgs') },
  ]);
  return goStruct('template.templateToolCall', [
    { name: 'ID', value: id ?? '' },
    { name: 'Function', value: call },
  ]);
}

export function goTools(tools: readonly unknown[] | undefined): Value {
  const list = goList((tools ?? []).map(goTool), 'template.templateTools', {
    isNil: tools === undefined,
    text: () => jsonText(list),
  });
  return list;
}

function goTool(tool: unknown): GoStruct {
  const { type, items, function: described } = objectOf(tool);
  const { name, description, parameters } = objectOf(described);
  const schema = objectOf(parameters);
  const struct: GoStruct = goStruct(
    'template.templateTool',
    [
      { name: 'Type', key: 'type', value: textOf(type) },
      untyped('Items', 'items', items),
      {
        name: 'Function',
        key: 'function',
        value: goStruct('template.templateToolFunction', [
          { name: 'Name', key: 'name', value: textOf(name) },
          { name: 'Description', key: 'description', value: textOf(description) },
          {
            name: 'Parameters',
            key: 'parameters',
            value: goStruct('template.templateToolFunctionParameters', [
              { name: 'Type', key: 'type', value: textOf(schema.type) },
              untyped('Defs', '$defs', schema.$defs),
              untyped('Items', 'items', schema.items),
              { name: 'Required', key: 'required', omitEmpty: true, value: texts(schema.required) },
              { name: 'Properties', key: 'properties', value: goProperties(schema.properties) },
            ]),
          },
        ]),
      },
    ],
    () => jsonText(struct),
  );
  return struct;
}

/** A field of Go's type `any`, which `omitempty` leaves out only where it is nil. */
function untyped(name: string, key: string, json: unknown): GoField {
  const value = fromJson(json);
  return { name, key, omitEmpty: value === null, value };
}

function goProperties(properties: unknown): GoMap {
  const values = Object.entries(objectOf(properties)).map(([name, one]) => [name, goProperty(one)]);
  const map = goMap(Object.fromEntries(values), { zero: goProperty({}) });
  return { ...printsAsJson(map, 'template.templateProperties'), isNil: properties === undefined };
}

/** One parameter. What Ollama does not know of a schema is dropped. */
function goProperty(property: unknown): GoStruct {
  const { anyOf, type, items, description, enum: choices, properties, required } = objectOf(property);
  const types = Array.isArray(type) ? type.map(textOf) : typeof type === 'string' ? [type] : [];
  const inner = Object.entries(objectOf(properties)).map(([name, one]) => [name, goProperty(one)] as const);
  return goStruct('api.ToolProperty', [
    {
      name: 'AnyOf',
      key: 'anyOf',
      omitEmpty: true,
      value: goList(Array.isArray(anyOf) ? anyOf.map(goProperty) : [], '[]api.ToolProperty'),
    },
    {
      name: 'Type',
      key: 'type',
      omitEmpty: true,
      value: goList(types, 'api.PropertyType', {
        text: () => (types.length < 2 ? types.join('') : `[${types.join(' ')}]`),
        json: () => toJson(types.length === 1 ? types[0] : types),
      }),
    },
    untyped('Items', 'items', items),
    { name: 'Description', key: 'description', omitEmpty: true, value: textOf(description) },
    {
      name: 'Enum',
      key: 'enum',
      omitEmpty: true,
      value: goList(Array.isArray(choices) ? choices.map(fromJson) : []),
    },
    {
      name: 'Properties',
      key: 'properties',
      omitEmpty: properties === undefined,
      // a map that keeps the order of its keys, and that a template can only write as JSON
      value:
        properties === undefined
          ? null
          : { ...goMap({}, { type: '*api.ToolPropertiesMap' }), entries: new Map(inner) },
    },
    { name: 'Required', key: 'required', omitEmpty: true, value: texts(required) },
  ]);
}

function printsAsJson(map: GoMap, type: string): GoMap {
  return { ...map, type, text: () => jsonText(map) };
}
