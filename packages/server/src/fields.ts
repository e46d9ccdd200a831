/** Fields that several requests share, each read as Ollama reads it. */
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
  raw,
  string,
  type Value,
} from './decode.ts';
import { parseDuration, quote } from './go-text.ts';

/** Milliseconds that a model stays loaded after a request; Infinity for a negative one: for ever. */
export const keepAlive: Field<number> = custom('api.Duration', 0, value => {
  if (typeof value === 'number') return value < 0 ? Number.POSITIVE_INFINITY : value * 1000;
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

const toolCall = object('api.ToolCall', {
  id: string,
  function: object('api.ToolCallFunction', {
    index: int,
    name: string,
    arguments: map(any),
  }),
});

/** A message; its type has a decoder of its own in Ollama, which is why it is called an alias in errors. */
export const message = object('api.Alias', {
  role: string,
  content: string,
  thinking: string,
  images: array(image),
  tool_calls: array(toolCall, '[]api.ToolCall'),
  tool_name: string,
  tool_call_id: string,
});

export const messages = array(message, '[]api.Message');

/** Keys of a schema that Ollama does not know never reach the prompt: they are not read here. */
export const toolParameters = {
  type: string,
  $defs: any,
  items: any,
  required: array(string),
  properties: any,
};

export const tools = array(
  object('api.Tool', {
    type: string,
    items: any,
    function: object('api.ToolFunction', {
      name: string,
      description: string,
      parameters: object('api.ToolFunctionParameters', toolParameters),
    }),
  }),
  'api.Tools',
);

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
