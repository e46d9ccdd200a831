/** `POST /v1/chat/completions`: OpenAI's chat, mapped to `/api/chat`. */
import { StatusError } from '@tabllama/api';
import { any, array, bool, float64, int, object, raw, string, type Value } from '../../decode.ts';
import { base64Mistake, goTypeOf, type MessageFields, parseArguments, tool } from '../../fields.ts';
import type { Json } from '../../json.ts';
import { answerChat, type ChatFields, type ChatLine } from '../chat.ts';
import {
  completionEvents,
  DONE,
  imageOf,
  openaiError,
  streamOptions,
  thinkOf,
  toolCalls,
  usage,
} from './openai.ts';
import {
  data,
  decodeRequest,
  randomInt,
  record,
  reply,
  some,
  translated,
  unixSeconds,
} from './translated.ts';

const toolCall = object('openai.ToolCall', {
  id: string,
  index: int,
  type: string,
  function: object(
    String.raw`struct { Name string "json:\"name\""; Arguments string "json:\"arguments\"" }`,
    { name: string, arguments: string },
  ),
});

const message = object('openai.Message', {
  role: string,
  content: any,
  reasoning: string,
  tool_calls: array(toolCall),
  name: string,
  tool_call_id: string,
});
type OpenaiMessage = Value<typeof message>;

const fields = {
  model: string,
  messages: array(message),
  stream: bool,
  stream_options: streamOptions,
  max_tokens: int,
  seed: int,
  stop: any,
  temperature: float64,
  frequency_penalty: float64,
  presence_penalty: float64,
  top_p: float64,
  response_format: object('openai.ResponseFormat', {
    type: string,
    json_schema: object('openai.JsonSchema', { schema: raw }),
  }),
  tools: array(tool),
  reasoning: object('openai.Reasoning', { effort: string }),
  reasoning_effort: string,
  logprobs: bool,
  top_logprobs: int,
  _debug_render_only: bool,
};

export const chatCompletions = translated(openaiError, async context => {
  const body = await decodeRequest(context.request, 'openai.ChatCompletionRequest', fields);
  if (!body.messages?.length) throw new StatusError(400, "[] is too short - 'messages'");
  const native: ChatFields = {
    model: body.model,
    messages: body.messages.flatMap((_, i, all) => nativeMessages(all, i)),
    format: formatOf(body.response_format),
    options: {
      stop: stopOf(body.stop),
      num_predict: body.max_tokens,
      temperature: body.temperature ?? 1,
      seed: body.seed,
      frequency_penalty: body.frequency_penalty,
      presence_penalty: body.presence_penalty,
      top_p: body.top_p ?? 1,
    },
    tools: some(body.tools ?? []),
    think: thinkOf(body.reasoning ? body.reasoning.effort : body.reasoning_effort),
    logprobs: body.logprobs,
    top_logprobs: body.top_logprobs,
    _debug_render_only: body._debug_render_only,
  };
  const id = `chatcmpl-${randomInt(999)}`;
  return async () =>
    reply(context, await answerChat(context, native), {
      stream: body.stream ?? false,
      whole: line => completion(id, line),
      events: completionEvents(chunksOf(id, body.stream_options?.include_usage ?? false)),
    });
});

/** A message as Ollama's: every part of its content becomes a message of its own. Throws StatusError 400. */
function nativeMessages(all: readonly OpenaiMessage[], index: number): MessageFields[] {
  const { role = '', content, reasoning: thinking, tool_calls: calls, name, tool_call_id } = all[index];
  // after the parts of a content, of whose mistakes the first is told
  const readCalls = () =>
    calls?.map(({ id, function: { name, arguments: args = '' } = {} }) => ({
      id,
      function: { name, arguments: argumentsOf(args) },
    }));
  const tool_name = role.toLowerCase() === 'tool' ? name || toolNameOf(all, tool_call_id) : undefined;
  if (typeof content === 'string') {
    return [{ role, content, thinking, tool_calls: readCalls(), tool_name, tool_call_id }];
  }
  if (Array.isArray(content)) {
    const parts: MessageFields[] = content.map(part => ({ role, ...nativePart(part) }));
    const called = readCalls();
    if (!called?.length) return parts;
    const last = { ...(parts.pop() ?? { role }), thinking, tool_calls: called, tool_name, tool_call_id };
    return [...parts, last];
  }
  if (calls === undefined) throw bad(`invalid message content type: ${goTypeOf(content)}`);
  return [{ role, thinking, tool_calls: readCalls(), tool_call_id }];
}

function nativePart(part: unknown): MessageFields {
  const { type, text, image_url: image, input_audio: audio } = record(part) ?? {};
  if (type === 'text' && typeof text === 'string') return { content: text };
  if (type === 'image_url') {
    const url = record(image)?.url ?? image;
    if (typeof url === 'string') return { images: [imageOf(url)] };
  }
  if (type === 'input_audio') {
    const fields = record(audio);
    if (fields === undefined) throw bad('invalid input_audio format');
    if (typeof fields.data !== 'string') throw bad('invalid input_audio format: missing data');
    const mistake = base64Mistake(fields.data);
    if (mistake) throw bad(`invalid input_audio base64 data: ${mistake}`);
    return { images: [fields.data] };
  }
  throw bad('invalid message format');
}

function argumentsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return parseArguments(text);
  } catch (error) {
    throw new StatusError(400, 'invalid tool call arguments', { cause: error });
  }
}

/** The name of the call that a result answers; of calls with the same id the last counts. */
function toolNameOf(all: readonly OpenaiMessage[], id: string | undefined): string | undefined {
  const calls = all.toReversed().flatMap(message => message.tool_calls ?? []);
  return id ? calls.find(call => call.id === id)?.function?.name : undefined;
}

const bad = (message: string) => new StatusError(400, message);

/** One text, or those of a list that are texts; an empty list counts as none. */
function stopOf(stop: unknown): readonly string[] | undefined {
  if (typeof stop === 'string') return [stop];
  const texts = Array.isArray(stop) ? stop.filter(text => typeof text === 'string') : [];
  return texts.length > 0 ? texts : undefined;
}

function formatOf({
  type = '',
  json_schema: schema,
}: typeof fields.response_format.zero = {}): Json | undefined {
  switch (type.trim().toLowerCase()) {
    case 'json_object':
      return 'json';
    case 'json_schema':
      return schema?.schema;
    default:
      return undefined;
  }
}

function completion(id: string, line: ChatLine): object {
  const { role, content, thinking } = line.message;
  const calls = toolCalls(line.message.tool_calls);
  const called = calls.length > 0;
  const message = { role, content, reasoning: thinking || undefined, tool_calls: called ? calls : undefined };
  const finish_reason = finishReason(line.done_reason ?? null, called);
  return {
    id,
    object: 'chat.completion',
    created: unixSeconds(line.created_at),
    model: line.model,
    system_fingerprint: 'fp_ollama',
    choices: [{ index: 0, message, finish_reason, logprobs: logprobsOf(line) }],
    usage: usage(line),
    _debug_info: line._debug_info,
  };
}

const finishReason = (reason: string | null, called: boolean) =>
  reason === 'stop' && called ? 'tool_calls' : reason;

const logprobsOf = ({ logprobs }: ChatLine) => (logprobs?.length ? { content: logprobs } : undefined);

/** The events of every line: deltas, and at the end why it ended, the usage if it is wanted, and that it is done. */
function chunksOf(id: string, includeUsage: boolean): (line: ChatLine) => string[] {
  let created: number | undefined;
  let called = false;
  return line => {
    const first = created === undefined;
    created ??= unixSeconds(line.created_at);
    const head = { id, object: 'chat.completion.chunk', created, model: line.model };
    const chunk = (choices: object[], more: object = {}) =>
      data({ ...head, system_fingerprint: 'fp_ollama', choices, ...more });
    const choice = (delta: object, rest: object = { finish_reason: null }) =>
      chunk([{ index: 0, delta, ...rest }]);

    const { content, thinking: reasoning } = line.message;
    const calls = toolCalls(line.message.tool_calls);
    called ||= calls.length > 0;
    const tool_calls = calls.length > 0 ? calls : undefined;
    const role = first ? 'assistant' : undefined;
    const withLogprobs = { finish_reason: null, logprobs: logprobsOf(line) };
    const chunks: string[] = [];
    if (reasoning && (content || tool_calls)) {
      chunks.push(choice({ role, reasoning }, withLogprobs), choice({ content, tool_calls }));
    } else if (first || content || reasoning || tool_calls || line.logprobs?.length || !line.done) {
      chunks.push(choice({ role, content, reasoning: reasoning || undefined, tool_calls }, withLogprobs));
    }
    if (!line.done) return chunks;
    chunks.push(choice({}, { finish_reason: finishReason(line.done_reason || 'stop', called) }));
    if (includeUsage) chunks.push(chunk([], { usage: usage(line) }));
    return [...chunks, DONE];
  };
}
