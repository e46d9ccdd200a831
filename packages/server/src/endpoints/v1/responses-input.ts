/** The input of OpenAI's responses: a text or items of many kinds, and the messages that they are for Ollama's chat. */
import { StatusError } from '@tabllama/api';
import { array, decodeJson, type Field, object, Reader, raw, string } from '../../decode.ts';
import { type MessageFields, parseArguments } from '../../fields.ts';
import { quote } from '../../go-text.ts';
import type { Json } from '../../json.ts';
import { imageOf } from './openai.ts';
import { some } from './translated.ts';

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

export const bad = (message: string) => new StatusError(400, message);

/** Puts a place before what is wrong there. */
export function at<T>(place: string, read: () => T): T {
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
  const reader = new Reader();
  reader.wrongType(json, '[]json.RawMessage');
  throw bad(`${what} must be a string or array: ${reader.mistake}`);
}

function readPart(json: Json): Part {
  const { type = '' } = decodeJson(json, 'struct { Type string "json:\\"type\\"" }', { type: string });
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

/** Go's name of the type with which it finds out what an item is. */
const itemType = 'struct { Type string "json:\\"type\\""; Role string "json:\\"role\\"" }';

const summary = array(object('openai.ResponsesReasoningSummary', { type: string, text: string }));

function readItem(json: Json): Item {
  const { type = '', role = '' } = decodeJson(json, itemType, { type: string, role: string });
  switch (type || (role && 'message')) {
    case 'message': {
      const { content } = decodeJson(json, 'struct {}', { content: raw });
      return { type: 'message', role, content: readParts(content, 'content') };
    }
    case 'function_call': {
      const fields = { id: string, call_id: string, name: string, arguments: string };
      const call = decodeJson(json, 'openai.ResponsesFunctionCall', fields);
      const { call_id: id = '', name = '', arguments: args = '' } = call;
      return { type: 'function_call', id, name, arguments: args };
    }
    case 'function_call_output': {
      const { call_id: id = '', output } = decodeJson(json, 'struct {}', { call_id: string, output: raw });
      return { type: 'function_call_output', id, output: readParts(output, 'output') };
    }
    case 'reasoning': {
      const fields = { id: string, summary, encrypted_content: string };
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

/** The items of a request; a text is a message of the user's. */
export const input: Field<readonly Item[]> = {
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

type NativeMessage = { -readonly [K in keyof MessageFields]: MessageFields[K] };

/** The instructions and the items as messages. Throws StatusError 400. */
export function nativeMessages(instructions = '', items: readonly Item[] = []): MessageFields[] {
  const messages: NativeMessage[] = instructions ? [{ role: 'system', content: instructions }] : [];
  let thinking: string | undefined; // of the assistant's next message
  for (const [i, item] of items.entries()) {
    const last = messages.at(-1);
    const answering = last?.role === 'assistant' ? last : undefined;
    switch (item.type) {
      case 'reasoning':
        thinking = item.thinking || undefined;
        break;
      case 'message': {
        const said = nativeContent(item.content);
        const next = items[i + 1];
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
          answering.images = some([...(answering.images ?? []), ...(said.images ?? [])]);
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

function nativeContent(parts: readonly Part[]): { content: string; images?: string[] } {
  if (parts.some(part => part.type === 'input_file')) throw bad('file inputs are not currently supported');
  const images = parts.flatMap(({ image_url: url }) => (url ? [imageOf(url)] : []));
  return { content: parts.map(part => part.text ?? '').join(''), images: some(images) };
}

function argumentsOf(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {};
  return at('failed to parse function call arguments', () => parseArguments(text));
}
