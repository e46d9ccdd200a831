/** Requests of Ollama's API as they are sent on to where a model runs, and its lines as those of the model that was asked. */
import { type InstalledModel, StatusError } from '@tabllama/api';
import type { Json, Remote, RemotePath } from './remotes.ts';

type Body = Json & {
  readonly model?: string;
  readonly options?: Json;
  /** Milliseconds; Infinity for ever. */
  readonly keep_alive?: number;
};

/** A request with the model's own parameters, and times as JSON has them. */
export function forwarded({ parameters }: InstalledModel, body: Body): Json {
  const { keep_alive } = body;
  return {
    ...body,
    options: { ...parameters, ...body.options },
    keep_alive: keep_alive === Number.POSITIVE_INFINITY ? -1 : keep_alive && keep_alive / 1000,
  };
}

/** What the model's server streams, under the name that was asked for. */
export async function* forward<Line extends object>(
  remote: Remote,
  path: RemotePath,
  installed: InstalledModel,
  body: Body,
  signal: AbortSignal,
): AsyncGenerator<Line, void, undefined> {
  const whole = { ...forwarded(installed, body), stream: true };
  const { host: remote_host, model: remote_model } = remote;
  for await (const line of remote.send(path, whole, signal)) {
    const { model: _, remote_model: __, remote_host: ___, ...rest } = line;
    yield { model: body.model, remote_model, remote_host, ...rest } as Line;
  }
}

/** The vectors of an answer, by which memory is taken. Throws StatusError 502 where they are none. */
export function vectorsOf(value: unknown): readonly (readonly number[])[] {
  const isVector = (one: unknown) => Array.isArray(one) && one.every(number => typeof number === 'number');
  const vectors = value ?? [];
  if (Array.isArray(vectors) && vectors.every(isVector)) return vectors;
  throw new StatusError(502, 'the other server sent no vectors');
}

/** The one object of an answer that is no stream. Throws StatusError 502 where there is none. */
export async function lastOf<T extends object>(lines: AsyncIterable<Json>): Promise<T> {
  let last: Json | undefined;
  for await (const line of lines) last = line;
  if (last === undefined) throw new StatusError(502, 'the other server sent no answer');
  return last as T;
}
