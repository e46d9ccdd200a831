/** A request of OpenAI's responses: its fields, what they are for Ollama's chat, and what of them comes back. */
import { StatusError } from '@tabllama/api';
import {
  any,
  array,
  bool,
  type Decoded,
  decodeJson,
  type Field,
  float64,
  int,
  map,
  object,
  Reader,
  raw,
  string,
  toPlain,
  type Value,
} from '../../decode.ts';
import { type MessageFields, toolParameters } from '../../fields.ts';
import { quote, toJson } from '../../go-text.ts';
import { type Json, parseJson } from '../../json.ts';
import type { ChatFields } from '../chat.ts';
import { imageOf } from './openai.ts';
import { sorted } from './sorted.ts';

/** A part of a content. */
interface Part {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: string;
}

type Item =
  | { readonly type: 'message'; readonly role: string; readonly content: readonly Part[] }
  | { readonly type: 'function_call'; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly type: 'function_call_output'; readonly id: string; readonly output: readonly Part[] }
  | { readonly type: 'reasoning'; readonly thinking: string }
  | { readonly type: 'web_search_call' };

const bad = (message: string) => new StatusError(400, message);

/** Puts a place before what is wrong there. */
function at<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw bad(`${place}: ${(error as Error).message}`);
  }
}

/** A list of parts, or a text, which is one. `what` is named in the error for anything else. */
function readParts(json: Json | undefined, what: string): Part[] {
  if (json === undefined) return [];
  if (json === null || typeof json === 'string') return [{ type: 'input_text', text: json ?? '' }];
  return readList(json, what).map((part, i) => at(`${what}[${i}]`, () => readPart(part)));
}

function readList(json: Json, what: string): Json[] {
  if (Array.isArray(json)) return json;
  const { mistake } = withMistake(json);
  throw bad(`${what} must be a string or array: ${mistake}`);
}

function withMistake(json: Json): Reader {
  const reader = new Reader('');
  reader.wrongType(json, '[]json.RawMessage');
  return reader;
}

function readPart(json: Json): Part {
  const { type = '' } = decodeJson(json, 'struct', { type: string });
  switch (type) {
    case 'input_text':
      return { type, ...decodeJson(json, 'openai.ResponsesTextContent', { text: string }) };
    case 'output_text':
      return { type, ...decodeJson(json, 'openai.ResponsesOutputTextContent', { text: string }) };
    case 'input_image': {
      const fields = { detail: string, file_id: string, image_url: string };
      const { image_url } = decodeJson(json, 'openai.ResponsesImageContent', fields);
      return { type, image_url };
    }
    case 'input_file':
      return { type };
    default:
      throw bad(`unknown content type: ${type}`);
  }
}

function readItem(json: Json): Item {
  const { type = '', role = '' } = decodeJson(json, 'struct', { type: string, role: string });
  switch (type || (role && 'message')) {
    case 'message': {
      const { content } = decodeJson(json, 'struct', { content: raw });
      return { type: 'message', role, content: readParts(content, 'content') };
    }
    case 'function_call': {
      const fields = { id: string, call_id: string, name: string, arguments: string };
      const call = decodeJson(json, 'openai.ResponsesFunctionCall', fields);
      const { call_id: id = '', name = '', arguments: args = '' } = call;
      return { type: 'function_call', id, name, arguments: args };
    }
    case 'function_call_output': {
      const { call_id: id = '', output } = decodeJson(json, 'struct', { call_id: string, output: raw });
      return { type: 'function_call_output', id, output: readParts(output, 'output') };
    }
    case 'reasoning': {
      const fields = { id: string, summary: any, encrypted_content: string };
      const { encrypted_content = '' } = decodeJson(json, 'openai.ResponsesReasoningInput', fields);
      return { type: 'reasoning', thinking: encrypted_content };
    }
    case 'web_search_call':
      return { type: 'web_search_call' };
    case '':
      throw bad("input item missing required 'type' field");
    default:
      throw bad(`unknown input item type: ${quote(type)}`);
  }
}

const input: Field<readonly Item[]> = {
  goType: 'openai.ResponsesInput',
  zero: [],
  read(json) {
    if (typeof json === 'string') {
      const text: Item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: json }] };
      return json === '' ? [] : [text];
    }
    return readList(json, 'input').map((item, i) => at(`input[${i}]`, () => readItem(item)));
  },
};

interface Tool {
  readonly type?: string;
  readonly name?: string;
  readonly description?: string;
  readonly strict?: boolean;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly Tool[];
}

const MAX_TOOL_DEPTH = 100; // groups within groups

/** A function, a group of tools under a name, or the server's own web search. */
const tool: Field<Tool> = {
  goType: 'openai.ResponsesTool',
  zero: {},
  read(json, reader) {
    if (reader.path.length > MAX_TOOL_DEPTH) throw bad(`tools are nested more than ${MAX_TOOL_DEPTH} deep`);
    return toolFields.read(json, reader);
  },
};
const toolFields = object('openai.ResponsesTool', {
  type: string,
  name: string,
  description: string,
  strict: bool,
  parameters: map(any),
  tools: array(tool),
});

const textFormat = object('openai.ResponsesTextFormat', {
  type: string,
  name: string,
  schema: raw,
  strict: bool,
});

export const fields = {
  model: string,
  background: bool,
  include: array(string),
  input,
  instructions: string,
  max_output_tokens: int,
  reasoning: object('openai.ResponsesReasoning', {
    effort: string,
    generate_summary: string,
    summary: string,
  }),
  temperature: float64,
  text: object('openai.ResponsesText', { format: textFormat }),
  top_p: float64,
  truncation: string,
  tools: array(tool),
  stream: bool,
};
export type ResponsesFields = Decoded<typeof fields>;

type NativeMessage = { -readonly [K in keyof MessageFields]: MessageFields[K] };

/** The instructions and the items as messages. Throws StatusError 400. */
export function nativeMessages({ instructions, input = [] }: ResponsesFields): MessageFields[] {
  const messages: NativeMessage[] = instructions ? [{ role: 'system', content: instructions }] : [];
  let thinking: string | undefined; // of the assistant's next message
  for (const [i, item] of input.entries()) {
    const last = messages.at(-1);
    const answering = last?.role === 'assistant' ? last : undefined;
    switch (item.type) {
      case 'reasoning':
        thinking = item.thinking || undefined;
        break;
      case 'message': {
        const said = nativeContent(item.content);
        const next = input[i + 1];
        const waits =
          next?.type === 'function_call_output' &&
          next.id &&
          answering?.tool_calls?.some(call => call.id === next.id);
        if (item.role !== 'assistant') {
          messages.push({ role: item.role, ...said });
          break;
        }
        // What is said between a call and its result belongs to the call, so that the result follows it at once.
        if (answering && waits) {
          answering.content = [answering.content, said.content].filter(Boolean).join('\n');
          answering.images = [...(answering.images ?? []), ...said.images];
          answering.thinking = thinking ?? answering.thinking;
        } else {
          messages.push({ role: item.role, ...said, thinking });
        }
        thinking = undefined;
        break;
      }
      case 'function_call': {
        const call = { id: item.id, function: { name: item.name, arguments: argumentsOf(item.arguments) } };
        if (answering) {
          answering.tool_calls = [...(answering.tool_calls ?? []), call];
          answering.thinking = thinking ?? answering.thinking;
        } else {
          messages.push({ role: 'assistant', tool_calls: [call], thinking });
        }
        thinking = undefined;
        break;
      }
      case 'function_call_output':
        messages.push({ role: 'tool', ...nativeContent(item.output), tool_call_id: item.id });
        break;
      case 'web_search_call':
        break; // what was found is in the message that follows
      default:
        item satisfies never;
    }
  }
  if (thinking) messages.push({ role: 'assistant', thinking });
  return messages;
}

function nativeContent(parts: readonly Part[]): { content: string; images: string[] } {
  if (parts.some(part => part.type === 'input_file')) throw bad('file inputs are not currently supported');
  const images = parts.flatMap(({ image_url: url }) => (url ? [imageOf(url)] : []));
  return { content: parts.map(part => part.text ?? '').join(''), images };
}

function argumentsOf(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  return at('failed to parse function call arguments', () => {
    const json = parseJson(new TextEncoder().encode(text)) ?? null;
    const reader = new Reader('');
    const read = map(any).read(json, reader);
    if (read === undefined) throw bad(reader.mistake ?? 'unexpected end of JSON input');
    return read;
  });
}

export const isWebSearch = ({ type }: Tool) => type === 'web_search';

const webSearch = {
  name: 'web_search',
  description: 'Finds out what the web says now.',
  parameters: {
    type: 'object',
    required: ['query'],
    properties: { query: { type: 'string', description: 'What to search for.' } },
  },
};

/** The tools as Ollama's; a search of the server's own displaces a function of that name. Throws StatusError 400. */
export function nativeTools(tools: readonly Tool[] = []): ChatFields['tools'] {
  const searches = tools.some(isWebSearch);
  return tools.flatMap(one => {
    if (isWebSearch(one)) return [{ type: 'function', function: webSearch }];
    return functionsOf(one).filter(({ function: { name } }) => !(searches && name === 'web_search'));
  });
}

/** A tool, or those of a group, named after it. */
function functionsOf({ type = '', name = '', description, parameters, tools = [] }: Tool): NativeTool[] {
  if (type === 'namespace') {
    const prefix = name && `${name}.`;
    return tools.flatMap(functionsOf).map(({ function: call, ...rest }) => ({
      ...rest,
      function: { ...call, name: call.name.startsWith(prefix) ? call.name : prefix + call.name },
    }));
  }
  const json = parameters && parseJson(new TextEncoder().encode(toJson(sorted(parameters))));
  const read = () => decodeJson(json ?? null, 'ToolFunctionParameters', toolParameters);
  const schema = at('failed to unmarshal tool parameters', read);
  return [{ type, function: { name, description, parameters: schema } }];
}

interface NativeTool {
  readonly type: string;
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: Decoded<typeof toolParameters>;
  };
}

export function formatOf(text: ResponsesFields['text']): Json | undefined {
  const { type, schema } = text?.format ?? {};
  return type === 'json_schema' ? schema : undefined;
}

/** What of a request its response says again. */
export type Echo = ReturnType<typeof echoed>;

export function echoed(body: ResponsesFields) {
  const format = body.text?.format;
  return {
    model: body.model ?? '',
    instructions: body.instructions || null,
    tools: (body.tools ?? []).map(echoedTool),
    truncation: body.truncation ?? 'disabled',
    format: format ? echoedFormat(format) : { type: 'text' },
    top_p: body.top_p ?? 1,
    temperature: body.temperature ?? 1,
    effort: body.reasoning?.effort || undefined,
    summary: body.reasoning?.summary || undefined,
    max_output_tokens: body.max_output_tokens ?? null,
    background: body.background ?? false,
  };
}

function echoedTool({ type = '', name = '', description, strict, parameters, tools }: Tool): object {
  return {
    type,
    name,
    description: description ?? null,
    strict: strict ?? null,
    parameters: parameters ? sorted(parameters) : null,
    tools: tools?.length ? tools.map(echoedTool) : undefined,
  };
}

function echoedFormat({ type = '', name, schema, strict }: Value<typeof textFormat>) {
  return { type, name: name || undefined, schema: schema && toPlain(schema), strict };
}
