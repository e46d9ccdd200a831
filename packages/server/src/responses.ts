/** Responses as Ollama makes them: one JSON body, or lines of NDJSON that are made whether or not somebody reads them. */
import { StatusError } from '@tabllama/api';
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

/** The one place where an error becomes HTTP. */
export function errorResponse(error: unknown, type?: JsonType): Response {
  return json(errorBody(error), error instanceof StatusError ? error.status : 500, type);
}

function errorBody(error: unknown) {
  return { error: error instanceof Error ? error.message : String(error) };
}

/**
 * The lines of a producer as NDJSON, one line one chunk. Waits for the first: an error before it has its own status, one after it is a
 * last line. The producer runs to its end at its own pace, so that a body that nobody reads holds nothing up; a cancelled
 * body or an aborted request aborts it.
 */
export async function ndjson(
  request: Request,
  produce: (signal: AbortSignal) => AsyncGenerator<object, void, undefined>,
): Promise<Response> {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([request.signal, cancelled.signal]);
  const lines = produce(signal);
  let next: IteratorResult<object, void>;
  try {
    next = await lines.next();
  } catch (error) {
    request.signal.throwIfAborted();
    return errorResponse(error, 'application/json');
  }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      void (async () => {
        const write = (line: object) => controller.enqueue(encoder.encode(`${toJson(line)}\n`));
        try {
          for (; !next.done; next = await lines.next()) {
            if (signal.aborted) {
              await lines.return();
              throw signal.reason;
            }
            write(next.value);
          }
        } catch (error) {
          if (cancelled.signal.aborted) return;
          if (request.signal.aborted) return controller.error(request.signal.reason);
          write(errorBody(error));
        }
        if (!cancelled.signal.aborted) controller.close();
      })();
    },
    cancel: reason => cancelled.abort(reason),
  });
  return new Response(body, {
    headers: { 'content-type': 'application/x-ndjson', date: new Date().toUTCString() },
  });
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
