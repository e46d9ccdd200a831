/** `POST /api/generate`: a prompt in, its continuation out. */
import { type Delta, type InstalledModel, type Message, StatusError, type ToolCall } from '@tabllama/api';
import { array, bool, type Decoded, decodeBody, int, string } from '../decode.ts';
import { type Context, type Endpoint, readBody } from '../endpoint.ts';
import { generation, image } from '../fields.ts';
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

const fields = {
  ...generation,
  prompt: string,
  suffix: string,
  system: string,
  template: string,
  context: array(int),
  raw: bool,
  images: array(image),
};
export type GenerateFields = Decoded<typeof fields>;

export const generate: Endpoint = async context => {
  const body = decodeBody(await readBody(context.request), 'GenerateRequest', fields);
  return respondTo(context.request, body.stream ?? true, await answerGenerate(context, body));
};

export interface GenerateLine extends Metrics {
  readonly model: string;
  readonly remote_model?: string;
  readonly remote_host?: string;
  readonly created_at: string;
  readonly response: string;
  readonly thinking?: string;
  readonly done: boolean;
  readonly done_reason?: string;
  readonly context?: readonly number[];
  readonly tool_calls?: readonly ToolCall[];
  readonly _debug_info?: DebugInfo;
  readonly logprobs?: Delta['logprobs'];
}

/** What continues a prompt, under whichever API it was asked. */
export async function answerGenerate(context: Context, body: GenerateFields): Promise<Answer<GenerateLine>> {
  const { store, scheduler } = context;
  checkTopLogprobs(body);
  const { model = '', prompt = '' } = body;
  if (model.trim() === '') throw new StatusError(404, `model '${model}' not found`);
  const installed = await findModel(store, model);
  const remote = context.remotes.find(installed);
  if (remote) {
    const system = body.system || installed.system;
    const whole = { ...body, system, template: body.template || installed.template };
    return {
      lines: signal => forward<GenerateLine>(remote, '/api/generate', installed, whole, signal),
      join,
    };
  }
  const done = (reason: string): Answer<GenerateLine> => ({
    only: { model, created_at: createdAt(), response: '', done: true, done_reason: reason },
  });
  if (prompt === '' && body.keep_alive === 0) {
    await scheduler.unload(installed);
    return done('unload');
  }
  if (body.raw && (body.template || body.system || body.context?.length)) {
    throw new StatusError(400, 'raw mode does not support template, system, or context');
  }
  const needs = body.suffix ? (['insert'] as const) : [];
  const prepared = await prepare(context, installed, body, { verb: 'generate', needs });
  if (prompt === '') {
    prepared.lease.release();
    return done('load');
  }
  const { lease } = prepared;
  let isLeft = true; // with an error, or with the prompt alone
  try {
    const text = promptText(body, installed, prepared);
    if (body._debug_render_only) {
      const _debug_info = { rendered_template: text, image_count: body.images?.length || undefined };
      return { only: { model, created_at: createdAt(), response: '', done: false, _debug_info } };
    }
    isLeft = false;
    return { lines: signal => lines(context, { body, prepared, text }, signal), join };
  } finally {
    if (isLeft) lease.release();
  }
}

interface Work {
  readonly body: GenerateFields;
  readonly prepared: Prepared;
  /** The prompt. */
  readonly text: string;
}

async function* lines(
  { startedMs }: Context,
  { body, prepared, text: prompt }: Work,
  signal: AbortSignal,
): AsyncGenerator<GenerateLine, void, undefined> {
  let text = prompt;
  const deltas = run(prepared.lease, signal, (model, either) => {
    const format = readFormat(body.format);
    checkImages(body.images ?? [], false);
    return model.complete(
      {
        prompt,
        think: prepared.think,
        raw: body.raw,
        options: prepared.sampling,
        truncate: body.truncate,
        shift: body.shift,
        format,
        topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
      },
      either,
    );
  });
  for await (const delta of deltas) {
    text += delta.raw ?? delta.content ?? '';
    yield {
      model: body.model ?? '',
      created_at: createdAt(),
      response: delta.content ?? '',
      thinking: delta.thinking || undefined,
      done: delta.done !== undefined,
      done_reason: delta.done,
      context: delta.done && !body.raw ? prepared.lease.model.tokenize(text, true) : undefined,
      ...(delta.done && metrics(startedMs, prepared.loadNs, delta.stats)),
      tool_calls: delta.toolCalls?.length
        ? delta.toolCalls.map(({ function: called }, index) => ({ function: { index, ...called } }))
        : undefined,
      logprobs: delta.logprobs,
    };
  }
}

/** The text that the model continues. Throws StatusError where there is a template that cannot be used. */
function promptText(body: GenerateFields, installed: InstalledModel, { lease, think }: Prepared): string {
  const { model } = lease;
  const { prompt = '', images, truncate } = body;
  if (body.raw) return prompt;
  const system = body.system || installed.system;
  const messages: Message[] = [
    ...(system ? [{ role: 'system', content: system }] : []),
    ...(body.context === undefined ? installed.messages : []),
    { role: 'user', content: prompt, images },
  ];
  // as in a chat, what is rendered because it may have to be cut is looked at first
  if (
    messages.length > 1 &&
    truncate !== false &&
    !body.template &&
    !body.suffix &&
    isNativeChat(installed, model)
  )
    checkImages(images ?? [], true);
  const before = body.context ? model.detokenize(body.context, true) : '';
  const { template, suffix } = body;
  // a template of the request is given no tools, not even none
  const tools = template ? undefined : [];
  return before + model.render({ messages, isPrompt: true, tools, think, truncate, template, suffix });
}

/** The last line with everything that came before it. */
function join(all: readonly GenerateLine[]): GenerateLine {
  const logprobs = all.flatMap(line => line.logprobs ?? []);
  return {
    ...all.at(-1)!,
    response: all.map(line => line.response).join(''),
    ...(all.some(line => line.thinking) && { thinking: all.map(line => line.thinking ?? '').join('') }),
    ...(logprobs.length > 0 && { logprobs }),
  };
}
