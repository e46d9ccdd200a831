/** Fields that several requests share, each read as Ollama reads it. */

import { StatusError } from '@tabllama/api';
import {
  any,
  array,
  bool,
  custom,
  type Decoded,
  type Field,
  int,
  map,
  object,
  own,
  Reader,
  raw,
  string,
  type Value,
} from './decode.ts';
import { parseDuration, quote } from './go-text.ts';
import { JsonObject, parseWhole } from './json.ts';

/** Milliseconds that a model stays loaded after a request; Infinity for a negative one: for ever. */
export const keepAlive: Field<number> = custom('api.Duration', 0, value => {
  if (typeof value === 'number') return value < 0 ? Number.POSITIVE_INFINITY : Math.trunc(value * 1e9) / 1e6;
  if (typeof value !== 'string') throw new Error(`Unsupported type: '${goTypeOf(value)}'`);
  const ms = parseDuration(value);
  return ms < 0 ? Number.POSITIVE_INFINITY : ms;
});

/** What Go's `%T` prints for a value of a JSON. */
export function goTypeOf(value: unknown): string {
  if (value === undefined || value === null) return '<nil>';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'float64';
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

const levels = '"high", "medium", "low", "max", true, or false';

export const think: Field<boolean | string> = custom<boolean | string>('api.ThinkValue', false, value => {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') throw new Error(`think must be a boolean or string (${levels})`);
  if (['high', 'medium', 'low', 'max'].includes(value)) return value;
  throw new Error(`invalid think value: ${quote(value)} (must be ${levels})`);
});

/** A picture: base64 as it came, checked to be base64. */
export const image: Field<string> = {
  goType: 'api.ImageData',
  zero: '',
  read(json, reader) {
    if (typeof json !== 'string') return reader.wrongType(json, 'api.ImageData');
    reader.mistake ??= base64Mistake(json);
    return json;
  },
};

/** What is wrong with a text that should be padded base64, in the words of Go. */
export function base64Mistake(text: string): string | undefined {
  const wrong = endOfBase64(text);
  return wrong < 0 ? undefined : `illegal base64 data at input byte ${wrong}`;
}

/** Where a text stops being padded base64, or -1. Line ends are skipped. Counts as `encoding/base64` of Go does. */
function endOfBase64(text: string): number {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return -1;
  let inGroup = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\n' || char === '\r') continue;
    if (/[A-Za-z0-9+/]/.test(char)) {
      inGroup = (inGroup + 1) % 4;
    } else if (char === '=' && inGroup >= 2) {
      return paddingMistake(text, i + 1, 3 - inGroup);
    } else {
      return i;
    }
  }
  return inGroup === 0 ? -1 : text.length - inGroup;
}

/** Looks behind the first `=`: `more` of them must follow, and then nothing. */
function paddingMistake(text: string, from: number, more: number): number {
  let missing = more;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '\n' || text[i] === '\r') continue;
    if (text[i] !== '=' || missing === 0) return i;
    missing--;
  }
  return missing === 0 ? -1 : text.length;
}

/** A map that keeps its order in Ollama; the words are those of the library that reads it there. */
function orderedMap<T>(item: Field<T>): Field<Readonly<Record<string, T>>> {
  return own({
    ...map(item),
    read(json, reader) {
      if (json instanceof JsonObject) return map(item).read(json, reader);
      throw new StatusError(400, "Value looks like object, but can't find closing '}' symbol");
    },
  });
}

/** The arguments of a call. */
export const callArguments = orderedMap(any);

/** The arguments of a call that are given as a text. Throws an Error in the words of Go. */
export function parseArguments(text: string): Readonly<Record<string, unknown>> {
  const json = parseWhole(text);
  return json === null ? {} : (callArguments.read(json, new Reader()) ?? {});
}

const toolCall = object('api.ToolCall', {
  id: string,
  function: object('api.ToolCallFunction', { index: int, name: string, arguments: callArguments }),
});

/** A message; its type has a decoder of its own in Ollama, which is why it is called an alias in errors. */
export const message = own(
  object('api.Alias', {
    role: string,
    content: string,
    thinking: string,
    images: array(image),
    tool_calls: array(toolCall, '[]api.ToolCall'),
    tool_name: string,
    tool_call_id: string,
  }),
);

export const messages = array(message, '[]api.Message');

const propertyType = array(string);

/** What Ollama knows of a property, which is checked; the schema itself stays whole. */
const property: Field<unknown> = {
  goType: 'api.ToolProperty',
  zero: {},
  read: (json, reader) => propertyFields.read(json, reader),
};
const properties = orderedMap(property);
const propertyFields = object(property.goType, {
  anyOf: array(property),
  type: own({
    ...propertyType,
    read: (json, reader) => (typeof json === 'string' ? [json] : propertyType.read(json, reader)),
  }),
  items: any,
  description: string,
  enum: array(any),
  properties,
  required: array(string),
});

/** Keys of a schema that Ollama does not know never reach the prompt: they are not read here. */
export const toolParameters = {
  type: string,
  $defs: any,
  items: any,
  required: array(string),
  properties: {
    ...any,
    read(json, reader) {
      const whole = any.read(json, reader); // refuses what is too deep to be checked
      properties.read(json, reader);
      return whole;
    },
  } as Field<unknown>,
};

export const tool = object('api.Tool', {
  type: string,
  items: any,
  function: object('api.ToolFunction', {
    name: string,
    description: string,
    parameters: object('api.ToolFunctionParameters', toolParameters),
  }),
});

export const options = map(any);

/** What generate and chat have in common. */
export const generation = {
  model: string,
  stream: bool,
  format: raw,
  keep_alive: keepAlive,
  options,
  think,
  truncate: bool,
  shift: bool,
  _debug_render_only: bool,
  logprobs: bool,
  top_logprobs: int,
};

export type GenerationFields = Decoded<typeof generation>;
export type MessageFields = Value<typeof message>;
