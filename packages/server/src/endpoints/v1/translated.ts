/** What the APIs besides Ollama's own share: a request is mapped to one of Ollama's, and its answer is written in the other's shape. */
import { StatusError } from '@tabllama/api';
import { type Decoded, decodeJson, type Field, parseBody } from '../../decode.ts';
import { type Context, type Endpoint, readBody } from '../../endpoint.ts';
import { type Answer, inOnePiece } from '../../generation.ts';
import { toJson } from '../../go-text.ts';
import { type Json, JsonObject } from '../../json.ts';
import { readName } from '../../model.ts';
import { errorResponse, httpError, json, respond, type StreamFormat, streamed } from '../../responses.ts';

/** How an API says what is wrong. */
export type ErrorBody = (status: number, message: string) => object;

/**
 * An endpoint of another API. `read` throws what is wrong with the request; what it returns answers it. Errors of both have the API's
 * shape; as in Ollama, where the first come from a layer of their own, they differ in their headers and their line end. `headers` are for
 * `read` to set: those of an error that comes later.
 */
export function translated(
  errorBody: ErrorBody,
  read: (context: Context, headers: Record<string, string>) => Promise<() => Promise<Response>>,
): Endpoint {
  return async context => {
    const headers = {};
    let answer: () => Promise<Response>;
    try {
      answer = await read(context, headers);
    } catch (error) {
      context.request.signal.throwIfAborted();
      const { status, message } = httpError(error);
      // What is Ollama's cloud's is refused before anyone looks at which API was asked.
      return status === 403 ? errorResponse(error) : json(errorBody(status, message), status);
    }
    try {
      return await answer();
    } catch (error) {
      context.request.signal.throwIfAborted();
      const { status, message } = httpError(error);
      return jsonLine(errorBody(status, message), status, headers);
    }
  };
}

export function jsonLine(value: object, status = 200, headers: Record<string, string> = {}): Response {
  return respond(`${toJson(value)}\n`, status, { ...headers, 'content-type': 'application/json' });
}

const MAX_DECOMPRESSED = 20 * 1024 * 1024; // bytes, as in Ollama

/**
 * The fields of a request; its body may be compressed. Throws StatusError 400, and 403 for a model of Ollama's cloud, whatever else is
 * wrong; but a request with a tool of a type that `searches` the web is left to the endpoint.
 */
export async function decodeRequest<F extends Record<string, Field<unknown>>>(
  request: Request,
  type: string,
  fields: F,
  searches?: RegExp,
): Promise<Decoded<F>> {
  const zstd = request.headers.get('content-encoding') === 'zstd';
  const body = parseBody(zstd ? await readCompressed(request) : await readBody(request), 'EOF');
  const [model, tools] = [member(body, 'model'), member(body, 'tools')];
  const isSearch = (tool: Json) => searches?.test(String(member(tool, 'type')));
  if (typeof model === 'string' && !(Array.isArray(tools) && tools.some(isSearch))) {
    refuseCloud(model, 'remote model is unavailable');
  }
  return decodeJson(body, type, fields);
}

const member = (json: Json, key: string) =>
  json instanceof JsonObject ? new Map(json.entries).get(key) : undefined;

/** Throws StatusError 403 for a name with the mark of Ollama's cloud. */
export function refuseCloud(model: string, what: string): void {
  try {
    readName(model, { cloud: what });
  } catch (error) {
    if (httpError(error).status === 403) throw error; // any other mistake is for later
  }
}

/** A body in zstd, where the platform can read that. */
async function readCompressed(request: Request): Promise<Uint8Array> {
  try {
    const stream = new DecompressionStream('zstd' as CompressionFormat);
    return await readBody({ body: request.body?.pipeThrough(stream) ?? null }, MAX_DECOMPRESSED);
  } catch (error) {
    request.signal.throwIfAborted();
    const message = error instanceof StatusError ? error.message : 'failed to decompress request body';
    throw new StatusError(400, message, { cause: error });
  }
}

export interface Reply<L> {
  readonly stream: boolean;
  /** The answer in one piece. */
  whole(line: L): object;
  /** The answer as server-sent events. */
  readonly events: StreamFormat<L>;
}

/** An answer of Ollama's API, written as the reply of another. */
export async function reply<L>(
  { request }: Context,
  answer: Answer<L>,
  { stream, whole, events }: Reply<L>,
): Promise<Response> {
  if (!stream) return jsonLine(whole(await inOnePiece(request, answer)));
  const lines =
    'only' in answer
      ? async function* () {
          yield answer.only;
        }
      : answer.lines;
  return streamed(request, lines, events);
}

/** A list with something in it: templates are told an empty one from none. */
export const some = <T extends readonly unknown[]>(list: T): T | undefined =>
  list.length > 0 ? list : undefined;

/** A value of a JSON as an object; undefined for any other. */
export const record = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/** What a search of the server's own is to the model. */
export const webSearch = {
  type: 'function',
  function: {
    name: 'web_search',
    description: 'Finds out what the web says now.',
    parameters: {
      type: 'object',
      required: ['query'],
      properties: { query: { type: 'string', description: 'What to search for.' } },
    },
  },
};

/** The headers of a stream that proxies must not hold back. */
export const liveHeaders = { 'cache-control': 'no-cache', connection: 'keep-alive' };

/** A server-sent event. */
export const data = (value: object) => `data: ${toJson(value)}\n\n`;
export const event = (type: string, value: object) => `event: ${type}\n${data(value)}`;

/** Seconds of a time such as `created_at`. */
export const unixSeconds = (time: string | Date) => Math.floor(new Date(time).getTime() / 1000);

/** An integer of [0, below). */
export const randomInt = (below: number) => Math.floor(Math.random() * below);
