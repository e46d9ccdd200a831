/** Ollama's chat, generate and embed as OpenAI's API, for servers that have only that: vLLM, llama.cpp's server and their kin. */
import { readText, StatusError } from '@tabllama/api';
import { utcTime } from '../go-text.ts';
import { MAX_ANSWER, parseObject, textLines } from './json-lines.ts';
import type { Json, Post, RemotePath } from './remotes.ts';

/** Sends what Ollama's API was asked, and yields lines as Ollama would. Throws StatusError. */
export function askOpenAi(
  post: Post,
  path: RemotePath,
  body: Json,
  signal: AbortSignal,
): AsyncGenerator<Json, void, undefined> {
  switch (path) {
    case '/api/chat':
      return chat(post, body, signal);
    case '/api/generate':
      return generate(post, body, signal);
    case '/api/embed':
      return embed(post, body, body.input, signal);
    case '/api/embeddings':
      return embed(post, body, body.prompt, signal);
    case '/api/show':
      return nothing(); // OpenAI's API tells no more of a model than its name
    default:
      return path satisfies never;
  }
}

async function* nothing(): AsyncGenerator<Json, void, undefined> {}

interface Message {
  readonly role: string;
  readonly content?: string;
  readonly images?: readonly string[];
  readonly tool_calls?: readonly { id?: string; function: { name: string; arguments: object } }[];
  readonly tool_call_id?: string;
  readonly tool_name?: string;
}

async function* chat(post: Post, body: Json, signal: AbortSignal): AsyncGenerator<Json, void, undefined> {
  const { model, messages, tools, think } = body as { messages?: readonly Message[] } & Json;
  const request = {
    model,
    messages: withCallIds(messages ?? []).map(openAiMessage),
    tools,
    ...(think !== undefined && { chat_template_kwargs: { enable_thinking: think !== false } }),
    ...(typeof think === 'string' && { reasoning_effort: think }),
    ...common(body),
  };
  const response = await post('/v1/chat/completions', request, signal);
  yield* asLines(response, (delta: Delta) => ({
    message: {
      role: 'assistant',
      content: delta.content ?? '',
      thinking: (delta.reasoning_content ?? delta.reasoning) || undefined,
      tool_calls: delta.calls,
    },
  }));
}

/** A prompt without a template of its own is a chat of one message; a raw one is continued as it is. */
async function* generate(post: Post, body: Json, signal: AbortSignal): AsyncGenerator<Json, void, undefined> {
  const { model, prompt, system, images, suffix, raw } = body;
  if (raw || suffix) {
    const response = await post('/v1/completions', { model, prompt, suffix, ...common(body) }, signal);
    yield* asLines(response, (_, text) => ({ response: text ?? '' }));
    return;
  }
  const messages = [
    ...(system ? [{ role: 'system', content: system }] : []),
    { role: 'user', content: prompt, images },
  ];
  for await (const { message, ...line } of chat(post, { ...body, messages }, signal)) {
    const { content, thinking } = message as { content: string; thinking?: string };
    yield { response: content, thinking, ...line };
  }
}

async function* embed(
  post: Post,
  { model, dimensions }: Json,
  input: unknown,
  signal: AbortSignal,
): AsyncGenerator<Json, void, undefined> {
  const response = await post('/v1/embeddings', { model, input, dimensions }, signal);
  const { data, usage } = parseObject(await readText(response, MAX_ANSWER)) as {
    data?: unknown;
    usage?: { prompt_tokens?: number };
  };
  // what is no list is no vector either, which is told where vectors are read
  const embeddings = Array.isArray(data) ? data.map(one => one?.embedding) : [data];
  yield { embeddings, embedding: embeddings[0], prompt_eval_count: usage?.prompt_tokens };
}

/** What both kinds of completion take. Options that OpenAI does not have are those of vLLM and llama.cpp. */
function common({ options = {}, format, logprobs, top_logprobs }: Json): Json {
  const {
    num_predict,
    seed,
    stop,
    temperature,
    top_p,
    top_k,
    min_p,
    repeat_penalty,
    presence_penalty,
    frequency_penalty,
  } = options as Json;
  return {
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: Number(num_predict) > 0 ? num_predict : undefined,
    seed: Number(seed) >= 0 ? seed : undefined,
    stop,
    temperature,
    top_p,
    top_k,
    min_p,
    repeat_penalty,
    repetition_penalty: repeat_penalty,
    presence_penalty,
    frequency_penalty,
    response_format: responseFormat(format),
    logprobs,
    top_logprobs,
  };
}

function responseFormat(format: unknown): Json | undefined {
  if (format === 'json') return { type: 'json_object' };
  if (typeof format !== 'object' || format === null) return undefined;
  return { type: 'json_schema', json_schema: { name: 'format', schema: format } };
}

/** In OpenAI's API a tool's answer names the call that it answers: where a message does not, it is the next one of that tool. */
function withCallIds(messages: readonly Message[]): readonly Message[] {
  const open: { id: string; name: string }[] = [];
  let count = 0;
  return messages.map(message => {
    const tool_calls = message.tool_calls?.map(call => ({ ...call, id: call.id || `call_${count++}` }));
    for (const { id, function: called } of tool_calls ?? []) open.push({ id, name: called.name });
    if (message.role !== 'tool' || message.tool_call_id) return { ...message, tool_calls };
    const at = open.findIndex(({ name }) => message.tool_name === undefined || name === message.tool_name);
    const [answered] = at < 0 ? [] : open.splice(at, 1);
    return { ...message, tool_call_id: answered?.id };
  });
}

function openAiMessage({ role, content, images, tool_calls, tool_call_id }: Message): Json {
  const pictures = images?.map(image => ({
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${image}` },
  }));
  return {
    role,
    content: pictures?.length ? [{ type: 'text', text: content ?? '' }, ...pictures] : (content ?? ''),
    tool_call_id,
    tool_calls: tool_calls?.map(({ id, function: { name, arguments: args } }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  };
}

interface Delta {
  readonly content?: string | null;
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
  readonly tool_calls?: readonly CallPart[];
  /** The calls of the whole answer, in the last delta. */
  readonly calls?: readonly Json[];
}
interface CallPart {
  readonly index: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}
interface Chunk {
  readonly choices?: readonly {
    delta?: Delta;
    text?: string;
    finish_reason?: string | null;
    logprobs?: { content?: unknown } | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

/** Server-sent events as Ollama's lines, the last of them with the figures. `content` makes what a delta, or a text, is. */
async function* asLines(
  response: Response,
  content: (delta: Delta, text?: string) => Json,
): AsyncGenerator<Json, void, undefined> {
  const startedMs = performance.now();
  const calls = new Map<number, { id?: string; name: string; arguments: string }>();
  let reason: string | undefined;
  let usage: Chunk['usage'];
  for await (const line of textLines(response)) {
    if (!line.startsWith('data:') || line.includes('[DONE]')) continue;
    const chunk = parseObject(line.slice('data:'.length)) as Chunk;
    if (chunk.error) throw new StatusError(500, chunk.error.message ?? 'the other server failed');
    usage = chunk.usage ?? usage;
    const { delta = {}, text, finish_reason, logprobs } = chunk.choices?.[0] ?? {};
    reason = finish_reason ?? reason;
    for (const part of delta.tool_calls ?? []) {
      const call = calls.get(part.index) ?? { id: part.id, name: '', arguments: '' };
      calls.set(part.index, call);
      call.name += part.function?.name ?? '';
      call.arguments += part.function?.arguments ?? '';
    }
    if (text || delta.content || delta.reasoning_content || delta.reasoning) {
      const created_at = utcTime(new Date());
      yield { created_at, ...content(delta, text), done: false, logprobs: logprobs?.content };
    }
  }
  if (reason === undefined) throw new StatusError(502, 'the other server ended its answer too early');
  const whole = [...calls.values()].map(({ id, name, arguments: args }, index) => ({
    id,
    function: { index, name, arguments: parseObject(args || '{}') },
  }));
  yield {
    created_at: utcTime(new Date()),
    ...content({ calls: whole.length > 0 ? whole : undefined }),
    done: true,
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: Math.round((performance.now() - startedMs) * 1e6),
    prompt_eval_count: usage?.prompt_tokens || undefined,
    eval_count: usage?.completion_tokens || undefined,
  };
}
