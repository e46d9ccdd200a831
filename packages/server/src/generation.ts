/** What generate and chat do alike: check the request against the model, wait for the model, and turn deltas into lines. */
import {
  type Delta,
  displayName,
  fullName,
  type InstalledModel,
  type LoadedModel,
  runnerError,
  type SamplingOptions,
  type Stats,
  StatusError,
} from '@tabllama/api';
import { toText } from './decode.ts';
import type { Context } from './endpoint.ts';
import type { GenerationFields } from './fields.ts';
import { quote, utcTime } from './go-text.ts';
import { type Json, JsonObject } from './json.ts';
import { architectureNumber, capabilities, templateOf } from './model.ts';
import { resolveOptions } from './options.ts';
import { json, ndjson } from './responses.ts';
import type { Lease } from './scheduler.ts';

/** Checks what needs no model. Throws StatusError 400. */
export function checkTopLogprobs({ top_logprobs = 0 }: GenerationFields): void {
  if (top_logprobs < 0 || top_logprobs > 20) {
    throw new StatusError(400, 'top_logprobs must be between 0 and 20');
  }
}

export interface Prepared {
  readonly lease: Lease;
  readonly sampling: SamplingOptions;
  /** What the template is told about thinking: on where the model can and nobody says otherwise. */
  readonly think: boolean | string | undefined;
  /** Nanoseconds from the request to the model being ready. */
  readonly loadNs: number;
}

export interface PrepareOptions {
  /** What an embedding model is said not to support. */
  readonly verb: 'generate' | 'chat';
  /** The other capabilities that the request takes. */
  readonly needs: readonly ('insert' | 'tools')[];
  /** A wish to think counts as none where the model cannot. */
  readonly relaxThinking?: boolean;
}

/** Checks that the model can do what is asked, in Ollama's order, and waits for it. */
export async function prepare(
  context: Context,
  installed: InstalledModel,
  fields: GenerationFields,
  { verb, needs, relaxThinking }: PrepareOptions,
): Promise<Prepared> {
  const { gguf } = await context.store.open(installed);
  const has = capabilities(installed, gguf);
  const thinks = has.includes('thinking');
  if (fields.think && !thinks && !relaxThinking)
    throw new StatusError(400, `${quote(fields.model ?? '')} does not support thinking`);
  if (!has.includes('completion')) {
    throw new StatusError(400, `${quote(fields.model ?? '')} does not support ${verb}`);
  }
  for (const need of needs) {
    if (!has.includes(need)) {
      throw new StatusError(400, `${fullName(installed.name)} does not support ${need}`);
    }
  }
  const { lease, sampling, loadNs } = await acquire(context, installed, fields);
  const think = fields.think ?? (thinks ? true : undefined);
  return { lease, sampling, think: thinks || !think ? think : undefined, loadNs };
}

/** Waits for a model with the options of a request. Throws StatusError 500 for an option of a wrong type. */
export async function acquire(
  context: Context,
  installed: InstalledModel,
  { options, keep_alive }: Pick<GenerationFields, 'options' | 'keep_alive'>,
): Promise<Omit<Prepared, 'think'> & { readonly numCtx: number }> {
  const { gguf, weights } = await context.store.open(installed);
  const trained = architectureNumber(gguf, 'context_length');
  const { contextLength, numCtx, sampling } = resolveOptions(options, installed.parameters, trained);
  const info = {
    name: displayName(installed.name),
    digest: installed.model?.digest ?? '',
    gguf,
    weights,
    template: installed.template,
    config: installed.config,
  };
  const request = { installed, info, contextLength, keepAliveMs: keep_alive };
  const lease = await context.scheduler.acquire(request, context.request.signal);
  return { lease, sampling, numCtx, loadNs: ns(performance.now() - context.startedMs) };
}

/** What the engine is told of a request's `format`. Throws StatusError 500 for one that is none, as Ollama's runner does. */
export function readFormat(format: Json | undefined): string | undefined {
  if (format === undefined || format === '') return undefined;
  if (format === 'json') return format;
  const text = toText(format);
  // with Ollama the schema of anything is that of any object
  if (format instanceof JsonObject) return text === '{}' ? 'json' : text;
  throw new StatusError(500, `invalid format: ${quote(text)}; expected "json" or a valid JSON Schema object`);
}

/** How a WAVE file begins, an MP3 file with a tag, and one without (eleven bits of 1), in base64. */
const audio = /^UklGR.{6}XQVZF|^SUQz|^\/[+/]/;

/** Refuses images and sound, at the point where Ollama's runner refuses them. */
export function checkImages(images: readonly string[], native: boolean): void {
  if (images.length === 0) return;
  if (!native)
    throw runnerError(400, 'Multimodal data provided, but model does not support multimodal requests.');
  const what = audio.test(images[0]) ? 'audio' : 'image';
  const hint = 'if this is unexpected, you may need to provide the mmproj';
  throw runnerError(500, `${what} input is not supported - hint: ${hint}`, 'server_error');
}

/** Whether Ollama would leave a chat to llama.cpp's server. */
export function isNativeChat(installed: InstalledModel, model: LoadedModel): boolean {
  return templateOf(installed, model.info.gguf).isNative;
}

/** Runs a generation on a leased model, and releases it at the end, however it ends. */
export async function* run(
  lease: Lease,
  signal: AbortSignal,
  start: (model: LoadedModel, signal: AbortSignal) => AsyncIterable<Delta>,
): AsyncGenerator<Delta, void, undefined> {
  try {
    yield* start(lease.model, AbortSignal.any([signal, lease.lost]));
  } finally {
    lease.release();
  }
}

/** What is said to a request: lines, which can be joined to one, or one that is no stream whatever was asked (load, unload, debug). */
export type Answer<L> =
  | { readonly only: L }
  | {
      lines(signal: AbortSignal): AsyncGenerator<L, void, undefined>;
      /** The last line with everything that came before it. */
      join(lines: readonly L[]): L;
    };

/** An answer as Ollama's own API writes it. */
export async function respondTo<L extends object>(
  request: Request,
  stream: boolean,
  answer: Answer<L>,
): Promise<Response> {
  if (stream && !('only' in answer)) return ndjson(request, answer.lines);
  return json(await inOnePiece(request, answer));
}

/** An answer in one piece. Stops with the request. */
export async function inOnePiece<L>(request: Request, answer: Answer<L>): Promise<L> {
  if ('only' in answer) return answer.only;
  const all: L[] = [];
  for await (const line of answer.lines(request.signal)) all.push(line);
  request.signal.throwIfAborted();
  return answer.join(all);
}

/** What `_debug_render_only` shows. */
export interface DebugInfo {
  readonly rendered_template: string;
  readonly image_count?: number;
}

/** The figures of a last line: nanoseconds and tokens. */
export interface Metrics {
  readonly total_duration?: number;
  readonly load_duration?: number;
  readonly prompt_eval_count?: number;
  readonly prompt_eval_duration?: number;
  readonly eval_count?: number;
  readonly eval_duration?: number;
}

/** Counts of 0 are absent, as in Ollama. */
export function metrics(startedMs: number, loadNs: number, stats: Stats | undefined): Metrics {
  return {
    total_duration: ns(performance.now() - startedMs),
    load_duration: loadNs,
    prompt_eval_count: stats?.promptTokens || undefined,
    prompt_eval_duration: stats?.promptNs || undefined,
    eval_count: stats?.tokens || undefined,
    eval_duration: stats?.evalNs || undefined,
  };
}

export const createdAt = () => utcTime(new Date());

export const ns = (ms: number) => Math.max(1, Math.round(ms * 1e6));
