/** Responses as Ollama makes them: one JSON body, or lines of NDJSON that are made whether or not somebody reads them. */
import { toJson } from './go-text.ts';

const encoder = new TextEncoder();

/** What Ollama's handlers write, and what its streaming endpoints write where there is one object only. */
export type JsonType = 'application/json; charset=utf-8' | 'application/json';

export function respond(text: string, status: number, headers: Record<string, string> = {}): Response {
  const body = encoder.encode(text);
  return new Response(body, {
    status,
    headers: { ...headers, 'content-length': String(body.length), date: new Date().toUTCString() },
  });
}

export function json(
  value: unknown,
  status = 200,
  type: JsonType = 'application/json; charset=utf-8',
): Response {
  return respond(toJson(value), status, { 'content-type': type });
}

/** Where an error becomes HTTP, as Ollama's own API says it. */
export function errorResponse(error: unknown, type?: JsonType): Response {
  const { status, message } = httpError(error);
  return json({ error: message }, status, type);
}

export function httpError(error: unknown): { readonly status: number; readonly message: string } {
  // by its field, not its class: what is imported late has a class of its own
  const { status } = Object(error) as { status?: unknown };
  return {
    status: typeof status === 'number' ? status : 500,
    message: error instanceof Error ? error.message : String(error),
  };
}

/** How a stream is written: the chunks of each item, and those of an error that comes after the first item. */
export interface StreamFormat<T> {
  readonly headers: Readonly<Record<string, string>>;
  chunks(item: T): Iterable<string>;
  failed(error: unknown): Iterable<string>;
}

/**
 * What a producer yields, as a body. Waits for the first item, and rejects with the error that comes instead of it. The producer runs
 * to its end at its own pace, so that a body that nobody reads holds nothing up; a cancelled body or an aborted request aborts it.
 */
export async function streamed<T>(
  request: Request,
  produce: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
  format: StreamFormat<T>,
): Promise<Response> {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([request.signal, cancelled.signal]);
  const items = produce(signal);
  let next = await items.next();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      void (async () => {
        const write = (chunks: Iterable<string>) => {
          for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
        };
        try {
          for (; !next.done; next = await items.next()) {
            if (signal.aborted) {
              await items.return();
              throw signal.reason;
            }
            write(format.chunks(next.value));
          }
        } catch (error) {
          if (cancelled.signal.aborted) return;
          if (request.signal.aborted) return controller.error(request.signal.reason);
          write(format.failed(error));
        }
        if (!cancelled.signal.aborted) controller.close();
      })();
    },
    cancel: reason => cancelled.abort(reason),
  });
  return new Response(body, { headers: { ...format.headers, date: new Date().toUTCString() } });
}

const lines: StreamFormat<object> = {
  headers: { 'content-type': 'application/x-ndjson' },
  chunks: line => [`${toJson(line)}\n`],
  failed: error => [`${toJson({ error: httpError(error).message })}\n`],
};

/** The lines of a producer as NDJSON, one line one chunk: an error before the first has its own status, one after it is a last line. */
export async function ndjson(
  request: Request,
  produce: (signal: AbortSignal) => AsyncGenerator<object, void, undefined>,
): Promise<Response> {
  try {
    return await streamed(request, produce, lines);
  } catch (error) {
    request.signal.throwIfAborted();
    return errorResponse(error, 'application/json');
  }
}

/** Progress of create and pull: lines, or, without streaming, what comes of it. */
export async function progress(
  request: Request,
  stream: boolean,
  produce: (signal: AbortSignal) => AsyncGenerator<object, void, undefined>,
): Promise<Response> {
  if (stream) return ndjson(request, produce);
  try {
    let last: object = {};
    for await (const line of produce(request.signal)) last = line;
    return json(last, 200, 'application/json');
  } catch (error) {
    request.signal.throwIfAborted();
    return errorResponse(error, 'application/json');
  }
}
