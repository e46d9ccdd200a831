/** `POST /api/chat`: messages in, one message out, in pieces or whole. */
import { type Delta, type InstalledModel, type Message, StatusError, type ToolCall } from '@tabllama/api';
import { array, type Decoded, decodeBody } from '../decode.ts';
import { type Context, type Endpoint, readBody } from '../endpoint.ts';
import { generation, type MessageFields, messages, tool } from '../fields.ts';
import {
  type Answer,
  checkImages,
  checkTopLogprobs,
  createdAt,
  type DebugInfo,
  isNativeChat,
  type Metrics,
  metrics,
  type Prepared,
  prepare,
  readFormat,
  respondTo,
  run,
} from '../generation.ts';
import { findModel } from '../model.ts';
import { forward } from '../remote/forward.ts';

const fields = { ...generation, messages, tools: array(tool, 'api.Tools') };
export type ChatFields = Decoded<typeof fields>;

export const chat: Endpoint = async context => {
  const body = decodeBody(await readBody(context.request), 'ChatRequest', fields);
  return respondTo(context.request, body.stream ?? true, await answerChat(context, body));
};

export interface ChatLine extends Metrics {
  readonly model: string;
  readonly remote_model?: string;
  readonly remote_host?: string;
  readonly created_at: string;
  readonly message: Message;
  readonly done: boolean;
  readonly done_reason?: string;
  readonly _debug_info?: DebugInfo;
  readonly logprobs?: Delta['logprobs'];
}

/** What a chat says, under whichever API it was asked. `relaxThinking`: a model that cannot think is not asked to. */
export async function answerChat(
  context: Context,
  body: ChatFields,
  { relaxThinking = false } = {},
): Promise<Answer<ChatLine>> {
  const { store, scheduler } = context;
  checkTopLogprobs(body);
  const model = body.model ?? '';
  if (model.trim() === '') throw new StatusError(400, 'model is required');
  const installed = await findModel(store, model);
  const nothing = (body.messages ?? []).length === 0;
  const done = (reason: string): Answer<ChatLine> => ({
    only: {
      model,
      created_at: createdAt(),
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: reason,
    },
  });
  if (nothing && body.keep_alive === 0) {
    await scheduler.unload(installed);
    return done('unload');
  }
  const remote = context.remotes.find(installed);
  if (remote) {
    const messages = nothing ? [] : promptMessages(installed, body.messages ?? []);
    return {
      lines: signal => forward<ChatLine>(remote, '/api/chat', installed, { ...body, messages }, signal),
      join: all => join(all, body),
    };
  }
  const needs = body.tools?.length ? (['tools'] as const) : [];
  const prepared = await prepare(context, installed, body, { verb: 'chat', needs, relaxThinking });
  if (nothing) {
    prepared.lease.release();
    return done('load');
  }
  const { lease, think } = prepared;
  let isLeft = true; // with an error, or with the prompt alone
  try {
    const messages = promptMessages(installed, body.messages ?? []);
    const request = { messages, tools: body.tools, think, truncate: body.truncate };
    // where messages may have to be dropped, Ollama's runner renders the Jinja template, and refuses what it cannot do, before the stream
    const rendersFirst = body._debug_render_only || (messages.length > 1 && body.truncate !== false);
    if (rendersFirst && isNativeChat(installed, lease.model)) {
      readFormat(body.format);
      checkImages(allImages(messages), true);
    }
    const prompt = lease.model.render(request);
    if (body._debug_render_only) return { only: rendered(model, prompt, messages) };
    isLeft = false;
    const work = { body, installed, prepared, request: { ...request, prompt } };
    return { lines: signal => lines(context, work, signal), join: all => join(all, body) };
  } finally {
    if (isLeft) lease.release();
  }
}

interface Work {
  readonly body: ChatFields;
  readonly installed: InstalledModel;
  readonly prepared: Prepared;
  readonly request: { readonly messages: readonly Message[]; readonly prompt: string };
}

async function* lines(
  { startedMs }: Context,
  { body, installed, prepared, request }: Work,
  signal: AbortSignal,
): AsyncGenerator<ChatLine, void, undefined> {
  const deltas = run(prepared.lease, signal, (model, either) => {
    const format = readFormat(body.format);
    const isNative = isNativeChat(installed, model);
    checkImages(allImages(request.messages), isNative);
    // where Ollama's runner renders, 0 is not "no limit": it says one token
    const { num_predict = installed.parameters.num_predict } = body.options ?? {};
    const { sampling } = prepared;
    const options = isNative && num_predict === 0 ? { ...sampling, numPredict: 1 } : sampling;
    const topLogprobs = body.logprobs ? (body.top_logprobs ?? 0) : undefined;
    return model.chat({ ...request, options, shift: body.shift, format, topLogprobs }, either);
  });
  let calls = 0;
  for await (const delta of deltas) {
    yield {
      model: body.model ?? '',
      created_at: createdAt(),
      message: {
        role: 'assistant',
        content: delta.content ?? '',
        thinking: delta.thinking || undefined,
        tool_calls: delta.toolCalls?.map(call => withId(call, calls++)),
      },
      done: delta.done !== undefined,
      done_reason: delta.done,
      logprobs: delta.logprobs,
      ...(delta.done && metrics(startedMs, prepared.loadNs, delta.stats)),
    };
  }
}

/** The last line with everything that came before it; of calls, as in Ollama, only where there are tools to call. */
function join(all: readonly ChatLine[], { tools }: ChatFields): ChatLine {
  const calls = (tools?.length ? all : all.slice(-1)).flatMap(line => line.message.tool_calls ?? []);
  const logprobs = all.flatMap(line => line.logprobs ?? []);
  return {
    ...all.at(-1)!,
    message: {
      role: 'assistant',
      content: all.map(line => line.message.content).join(''),
      thinking: all.map(line => line.message.thinking ?? '').join('') || undefined,
      tool_calls: calls.length > 0 ? calls : undefined,
    },
    logprobs: logprobs.length > 0 ? logprobs : undefined,
  };
}

/** The model's own messages, then those of the request; its system text first, unless the request begins with one. */
function promptMessages(installed: InstalledModel, request: readonly MessageFields[]): Message[] {
  const asked = request.map(message => ({
    ...message,
    role: (message.role ?? '').toLowerCase(),
    content: message.content ?? '',
    tool_calls: message.tool_calls?.map(call => ({
      id: call.id,
      function: {
        ...call.function,
        name: call.function?.name ?? '',
        arguments: call.function?.arguments ?? {},
      },
    })),
  }));
  const all = [...withoutOldThinking(installed, [...installed.messages, ...asked])];
  if (installed.system && asked[0].role !== 'system') {
    all.unshift({ role: 'system', content: installed.system });
  }
  return all;
}

/** For two families Ollama takes the thoughts out of answers that come before the last question. */
function withoutOldThinking({ config, name }: InstalledModel, all: readonly Message[]): readonly Message[] {
  if (config.model_family !== 'qwen3' && name.model !== 'deepseek-r1') return all;
  const last = all.findLastIndex(message => message.role === 'user');
  return all.map((message, i) =>
    i < last && message.role === 'assistant'
      ? { ...message, content: message.content.replace(/^\s*<think>[\s\S]*?(<\/think>\s*|$)/, '') }
      : message,
  );
}

const allImages = (messages: readonly Message[]) => messages.flatMap(({ images = [] }) => images);

function withId(call: ToolCall, index: number): ToolCall {
  const { name, arguments: args } = call.function;
  return { id: call.id ?? newCallId(), function: { index, name, arguments: args } };
}

function newCallId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  const random = crypto.getRandomValues(new Uint8Array(8));
  return `call_${[...random].map(byte => alphabet[byte % alphabet.length]).join('')}`;
}

/** `_debug_render_only`: the prompt, and nothing run. */
function rendered(model: string, prompt: string, messages: readonly Message[]): ChatLine {
  const tags = prompt.match(/\[img-\d+\]/g) ?? []; // none of a message that was left out
  return {
    model,
    created_at: createdAt(),
    message: { role: '', content: '' },
    done: false,
    _debug_info: {
      rendered_template: prompt,
      image_count: Math.min(tags.length, allImages(messages).length) || undefined,
    },
  };
}
