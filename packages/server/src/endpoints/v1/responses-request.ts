/** A request of OpenAI's responses: its fields, what its tools are for Ollama's chat, and what of it comes back. */

import { sorted } from '@tabllama/chat';
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
  raw,
  string,
  toPlain,
  type Value,
} from '../../decode.ts';
import { toolParameters } from '../../fields.ts';
import { toJson } from '../../go-text.ts';
import { type Json, parseWhole } from '../../json.ts';
import type { ChatFields } from '../chat.ts';
import { at, bad, input } from './responses-input.ts';
import { some, webSearch } from './translated.ts';

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

export const isWebSearch = ({ type }: Tool) => type === 'web_search';

/** The tools as Ollama's; a search of the server's own displaces a function of that name. Throws StatusError 400. */
export function nativeTools(tools: readonly Tool[] = []): ChatFields['tools'] {
  const searches = tools.some(isWebSearch);
  const native = tools.flatMap(one => {
    if (isWebSearch(one)) return [webSearch];
    return functionsOf(one).filter(({ function: { name } }) => !(searches && name === 'web_search'));
  });
  return some(native);
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
  const json = parameters && parseWhole(toJson(sorted(parameters, 'schema')));
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
    parameters: parameters ? sorted(parameters, 'schema') : null,
    tools: tools?.length ? tools.map(echoedTool) : undefined,
  };
}

function echoedFormat({ type = '', name, schema, strict }: Value<typeof textFormat>) {
  return { type, name: name || undefined, schema: schema && toPlain(schema), strict };
}
