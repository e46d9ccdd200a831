/** A request of Anthropic's messages: its fields, and what they are for Ollama's chat. */
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
  object,
  own,
  type Reader,
  raw,
  string,
  type Value,
} from '../../decode.ts';
import { base64Mistake, callArguments, type MessageFields, toolParameters } from '../../fields.ts';
import { quote, toJson } from '../../go-text.ts';
import { type Json, JsonObject } from '../../json.ts';
import type { ChatFields } from '../chat.ts';
import { record, some, webSearch } from './translated.ts';

const imageSource = object('anthropic.ImageSource', {
  type: string,
  media_type: string,
  data: string,
  url: string,
});

const block = object('anthropic.ContentBlock', {
  type: string,
  text: string,
  citations: any,
  source: imageSource,
  id: string,
  name: string,
  input: callArguments,
  tool_use_id: string,
  content: any,
  is_error: bool,
  thinking: string,
  signature: string,
});
type Block = Value<typeof block>;

/** Blocks, or a text, which is one block. */
const content: Field<readonly Block[]> = {
  goType: '[]anthropic.ContentBlock',
  zero: [],
  read(json, reader) {
    if (typeof json === 'string') return [{ type: 'text', text: json }];
    reader.path.pop(); // which Ollama reads by itself, without its name
    const blocks = array(block).read(json, reader);
    reader.path.push('content');
    return blocks;
  },
};

const messageFields = object(
  'struct { Role string "json:\\"role\\""; Content json.RawMessage "json:\\"content\\"" }',
  { role: string, content },
);

/** A message; one that does not even name its content has a mistake. */
const message = own({
  ...messageFields,
  read(json: Json, reader: Reader) {
    const fields = messageFields.read(json, reader);
    const named = json instanceof JsonObject && json.entries.some(([key]) => key.toLowerCase() === 'content');
    if (!named) reader.mistake ??= 'unexpected end of JSON input';
    return fields;
  },
});

const list = array(message, '[]anthropic.MessageParam');
const messages: typeof list = {
  ...list,
  read(json, reader) {
    if (Array.isArray(json) && json.includes(null)) throw bad('unexpected end of JSON input');
    return list.read(json, reader);
  },
};

const tool = object('anthropic.Tool', {
  type: string,
  name: string,
  description: string,
  input_schema: raw,
  max_uses: int,
});

export const fields = {
  model: string,
  max_tokens: int,
  messages,
  system: any,
  stream: bool,
  temperature: float64,
  top_p: float64,
  top_k: int,
  stop_sequences: array(string),
  tools: array(tool),
  tool_choice: object('anthropic.ToolChoice', {
    type: string,
    name: string,
    disable_parallel_tool_use: bool,
  }),
  metadata: object('anthropic.Metadata', { user_id: string }),
  thinking: object('anthropic.ThinkingConfig', { type: string, budget_tokens: int }),
  output_config: object('anthropic.OutputConfig', { effort: string }),
};
export type MessagesFields = Decoded<typeof fields>;

/** The system text and the messages. Throws StatusError 400. */
export function nativeMessages({ system, messages = [] }: MessagesFields): MessageFields[] {
  const text = typeof system === 'string' ? system : textOf(system);
  const first = text ? [{ role: 'system', content: text }] : [];
  return [...first, ...messages.flatMap(({ role = '', content = [] }) => nativeTurn(role, content))];
}

/** A turn as messages: text, pictures and calls in one; every result of a tool in its own, before the text where a user sends both. */
function nativeTurn(role: string, blocks: readonly Block[]): MessageFields[] {
  const texts: string[] = [];
  const images: string[] = [];
  const tool_calls: NonNullable<MessageFields['tool_calls']>[number][] = [];
  const results: MessageFields[] = [];
  let thinking: string | undefined;
  for (const one of blocks) {
    switch (one.type) {
      case 'text':
        texts.push(one.text ?? '');
        break;
      case 'image':
        images.push(imageOf(one.source, 'invalid image source'));
        break;
      case 'tool_use':
        if (!one.id) throw bad("tool_use block missing required 'id' field");
        if (!one.name) throw bad("tool_use block missing required 'name' field");
        tool_calls.push(callOf(one));
        break;
      case 'server_tool_use':
        tool_calls.push(callOf(one));
        break;
      case 'tool_result':
        results.push({ role: 'tool', ...resultOf(one.content), tool_call_id: one.tool_use_id });
        break;
      case 'web_search_tool_result':
        results.push({ role: 'tool', content: searchResult(one.content), tool_call_id: one.tool_use_id });
        break;
      case 'thinking':
        thinking = one.thinking ?? thinking;
        break;
    }
  }
  const said = {
    role,
    content: texts.join(''),
    images: some(images),
    tool_calls: some(tool_calls),
    thinking,
  };
  const isEmpty = !said.content && !thinking && !said.images && !said.tool_calls;
  const own = isEmpty ? [] : [said];
  return role.toLowerCase() === 'user' ? [...results, ...own] : [...own, ...results];
}

const callOf = ({ id, name, input = {} }: Block) => ({ id, function: { name, arguments: input } });

function imageOf(source: Value<typeof imageSource> | undefined, missing: string): string {
  if (source === undefined) throw bad(missing);
  const { type = '', data = '' } = source;
  if (type !== 'base64') {
    throw bad(`invalid image source type: ${type}. Only base64 images are supported.`);
  }
  const mistake = base64Mistake(data);
  if (mistake) throw bad(`invalid base64 image data: ${mistake}`);
  return data;
}

/** What a tool answered: a text, or texts and pictures. */
function resultOf(content: unknown): { content: string; images?: string[] } {
  if (typeof content === 'string') return { content };
  const images = parts(content)
    .filter(part => part.type === 'image')
    .map(part => imageOf(record(part.source), 'invalid tool_result image source'));
  return { content: textOf(content), images: some(images) };
}

/** Results of a web search that another server made, as a list of titles and addresses. */
function searchResult(content: unknown): string {
  if (typeof content === 'string') return content;
  const all = Array.isArray(content) ? parts(content) : [record(content) ?? {}];
  const failed = all.find(part => part.type === 'web_search_tool_result_error');
  if (failed) return ['web_search_tool_result_error', failed.error_code].filter(Boolean).join(': ');
  if (!Array.isArray(content)) return toJson(content ?? null);
  const found = all.filter(part => part.type === 'web_search_result');
  return found.map(({ title = '', url = '' }) => `- ${title}: ${url}\n`).join('');
}

/** The texts of all text parts. */
function textOf(content: unknown): string {
  const texts = parts(content).filter(part => part.type === 'text' && typeof part.text === 'string');
  return texts.map(part => part.text).join('');
}

const parts = (content: unknown) =>
  Array.isArray(content) ? content.map(record).filter(part => part !== undefined) : [];
const bad = (message: string) => new StatusError(400, message);

/** A search of the server's own. */
export const isSearch = ({ type }: Value<typeof tool>) => type?.startsWith('web_search') ?? false;

/** The tools as Ollama's; a search of the server's own displaces a tool of that name. Throws StatusError 400. */
export function nativeTools(tools: MessagesFields['tools'] = []): ChatFields['tools'] {
  const searches = tools.some(isSearch);
  const kept = tools.filter(one => isSearch(one) || !(searches && one.name === 'web_search'));
  const native = kept.map(one => {
    if (isSearch(one)) return webSearch;
    const { name = '', description, input_schema: schema = null } = one;
    try {
      const parameters = decodeJson(schema, 'ToolFunctionParameters', toolParameters);
      return { type: 'function', function: { name, description, parameters } };
    } catch (error) {
      throw bad(`invalid input_schema for tool ${quote(name)}: ${(error as Error).message}`);
    }
  });
  return some(native);
}

/** What `think` is for Anthropic's settings: what `thinking` says, or else an effort that Ollama knows. */
export function thinkOf({ thinking, output_config: config }: MessagesFields): ChatFields['think'] {
  if (thinking?.type === 'enabled') return true;
  if (thinking?.type === 'disabled') return false;
  const effort = config?.effort?.trim().toLowerCase();
  if (effort === 'xhigh') return 'high';
  return ['high', 'medium', 'low', 'max'].includes(effort ?? '') ? effort : undefined;
}

/** Tokens of the prompt by the rule of thumb that the first event of a stream tells: four bytes each, at least one. */
export function estimatedTokens({ system, messages = [], tools = [] }: MessagesFields): number {
  let bytes = 0;
  if (typeof system === 'string') bytes = size(system);
  else if (Array.isArray(system)) for (const part of parts(system)) bytes += blockSize(part as Block);
  else if (system !== undefined) bytes = size(toJson(system));
  for (const { role = '', content = [] } of messages) {
    bytes += size(role) + content.reduce((sum, one) => sum + blockSize(one), 0);
  }
  for (const { name = '', description = '', input_schema: schema } of tools) {
    bytes += size(name) + size(description);
    if (schema instanceof JsonObject) bytes += schema.size;
  }
  return Math.max(1, Math.floor(bytes / 4));
}

function blockSize({ type = '', text, thinking, content, ...rest }: Block): number {
  let bytes = size(text ?? '') + size(thinking ?? '');
  if (type === 'tool_use' || type === 'tool_result') {
    // empty fields are left out, but for these
    const filled = Object.entries(rest).filter(([, value]) => value !== '' && value !== false);
    bytes += size(toJson({ type, text, thinking, content, ...Object.fromEntries(filled) }));
  }
  return bytes;
}

const size = (text: string) => new TextEncoder().encode(text).length;
