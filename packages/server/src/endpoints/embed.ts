/** `POST /api/embed`: one text or many in, a vector of length 1 for each out. */
import { StatusError } from '@tabllama/api';
import { any, bool, type Decoded, decodeBody, int, string } from '../decode.ts';
import { type Context, type Endpoint, readBody } from '../endpoint.ts';
import { keepAlive, options } from '../fields.ts';
import { acquire, ns } from '../generation.ts';
import { quote, shortestFloat } from '../go-text.ts';
import { findModel, readName } from '../model.ts';
import { forwarded, lastOf, vectorsOf } from '../remote/forward.ts';
import { json } from '../responses.ts';

const fields = {
  model: string,
  input: any,
  truncate: bool,
  dimensions: int,
  keep_alive: keepAlive,
  options,
};
export type EmbedFields = Decoded<typeof fields>;

export const embed: Endpoint = async context => {
  const body = decodeBody(await readBody(context.request), 'EmbedRequest', fields);
  const { vectors, ...figures } = await answerEmbed(context, body);
  const embeddings = vectors.map(vector => Array.from(vector, shortestFloat));
  return json({ model: body.model, embeddings, ...figures });
};

export interface EmbedAnswer {
  /** [text][width], each of length 1. */
  readonly vectors: readonly Float32Array[];
  /** Absent where there was nothing to do but to load the model. */
  readonly total_duration?: number;
  readonly load_duration?: number;
  /** Tokens of all texts. */
  readonly prompt_eval_count?: number;
}

type RemoteVectors = Omit<EmbedAnswer, 'vectors'> & { readonly embeddings?: unknown };

/** The vectors of some texts, under whichever API they were asked for. */
export async function answerEmbed(context: Context, body: EmbedFields): Promise<EmbedAnswer> {
  const { model = '', truncate, dimensions = 0 } = body;
  if (model.trim() === '') throw new StatusError(404, `model '${model}' not found`);
  readName(model);
  const inputs = textsOf(body.input);
  const installed = await findModel(context.store, model, { missing: () => missing(model) });
  const remote = context.remotes.find(installed);
  if (remote) {
    const whole = forwarded(installed, { ...body, input: inputs });
    const answer = remote.send('/api/embed', whole, context.request.signal);
    const { embeddings, total_duration, load_duration, prompt_eval_count } =
      await lastOf<RemoteVectors>(answer);
    const vectors = vectorsOf(embeddings).map(vector => new Float32Array(vector));
    return { vectors, total_duration, load_duration, prompt_eval_count };
  }
  const { lease, loadNs, numCtx } = await acquire(context, installed, body);
  try {
    if (inputs.length === 0) return { vectors: [] };
    const signal = AbortSignal.any([context.request.signal, lease.lost]);
    const { vectors, promptTokens } = await lease.model.embed(inputs, { truncate, numCtx }, signal);
    return {
      vectors: vectors.map(vector => {
        const unit = normalize(vector);
        return dimensions > 0 && dimensions < unit.length ? normalize(unit.subarray(0, dimensions)) : unit;
      }),
      total_duration: ns(performance.now() - context.startedMs),
      load_duration: loadNs,
      prompt_eval_count: promptTokens || undefined,
    };
  } finally {
    lease.release();
  }
}

export const missing = (model: string) => `model ${quote(model)} not found, try pulling it first`;

/** An empty string is no text, but one in an array is. Throws StatusError 400. */
function textsOf(input: unknown): readonly string[] {
  if (input === undefined || input === '') return [];
  const texts = typeof input === 'string' ? [input] : input;
  if (Array.isArray(texts) && texts.every(text => typeof text === 'string')) return texts;
  throw new StatusError(400, 'invalid input type');
}

/** A vector of the same direction and of length 1. Throws StatusError 400 where it holds what is no number. */
export function normalize(vector: Float32Array): Float32Array {
  const squares = vector.reduce((sum, value) => sum + value ** 2, 0);
  if (!Number.isFinite(squares)) throw new StatusError(400, 'embedding contains NaN or Inf values');
  const scale = 1 / Math.max(Math.sqrt(squares), 1e-12);
  return vector.map(value => value * scale);
}
