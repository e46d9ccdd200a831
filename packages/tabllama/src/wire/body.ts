/**
 * A body of bytes through a MessagePort, for browsers without transferable streams. The receiver asks for one chunk at a
 * time, so a slow reader holds the writer back, and a chunk stays the chunk it was: one NDJSON line in, one out. Empty ones
 * are left out, as they are on the network.
 *
 *     receiver → sender   'pull' | { cancel }
 *     sender → receiver   { chunk } | { failed } | 'end'
 *
 * Whoever hears the last word (`cancel`, `failed`, `end`) closes the port.
 */
import { type PackedReason, packReason, unpackReason } from './reason.ts';

type Ask = 'pull' | { readonly cancel: PackedReason };
type Answer = 'end' | { readonly failed: PackedReason } | { readonly chunk: Uint8Array<ArrayBuffer> };

/**
 * Sends `body` through `port`, chunk by chunk as they are asked for. Resolves when all of it is sent or the receiver has
 * cancelled it; rejects when the stream fails or `signal` aborts. The receiver gets that error as well, never a shorter body.
 */
export function sendBody(
  port: MessagePort,
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const answer = (message: Answer, transfer: Transferable[] = []) => port.postMessage(message, transfer);

  /** True if there was no more. */
  async function sendChunk(): Promise<boolean> {
    const { done, value } = await reader.read();
    if (done) {
      answer('end');
      return true;
    }
    if (!(value instanceof Uint8Array)) throw new TypeError('every chunk of a body must be a Uint8Array');
    if (value.length === 0) return sendChunk();
    // A copy: the writer's buffer stays its own, as it would with a socket.
    const chunk = value.slice();
    answer({ chunk }, [chunk.buffer]);
    return false;
  }

  return new Promise<void>((resolve, reject) => {
    const settled = new AbortController();
    function settle(reason: unknown): void {
      settled.abort();
      resolve();
      reader.cancel(reason).catch(() => {}); // of a stream that has ended or failed by itself nothing is left to cancel
    }
    function fail(reason: unknown): void {
      reject(reason);
      answer({ failed: packReason(reason) });
      settle(reason);
    }
    signal?.addEventListener('abort', () => fail(signal.reason), { signal: settled.signal });
    listen<Ask>(port, ask => {
      if (ask === 'pull') {
        sendChunk().then(done => done && settle(undefined), fail);
      } else {
        port.close();
        settle(unpackReason(ask.cancel));
      }
    });
  });
}

/**
 * The stream whose chunks come through `port`. Cancelling it cancels the sender's stream. When `signal` aborts, reading
 * fails with the signal's own reason, and the sender's stream is cancelled with it.
 */
export function receiveBody(
  port: MessagePort,
  signal?: AbortSignal,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const ask = (message: Ask) => port.postMessage(message);
  const over = new AbortController();
  let answered = () => {};
  let chunks!: ReadableByteStreamController;

  function start(controller: typeof chunks): void {
    chunks = controller;
  }
  function pull(): Promise<void> {
    return new Promise(resolve => {
      answered = resolve;
      ask('pull');
    });
  }
  function end(): void {
    chunks.close();
    chunks.byobRequest?.respond(0);
  }
  function cancel(reason: unknown): void {
    over.abort();
    ask({ cancel: packReason(reason) });
  }

  // As the network's, a stream that takes `getReader({ mode: 'byob' })`, where the browser has them.
  const type = globalThis.ReadableByteStreamController && 'bytes';
  const body = new ReadableStream({ type, start, pull, cancel }, { highWaterMark: 0 });
  listen<Answer>(
    port,
    answer => {
      if (answer === 'end' || 'failed' in answer) {
        over.abort();
        port.close();
      }
      if (answer === 'end') end();
      else if ('failed' in answer) chunks.error(unpackReason(answer.failed));
      else chunks.enqueue(answer.chunk);
      answered();
    },
    over.signal,
  );
  signal?.addEventListener(
    'abort',
    () => {
      chunks.error(signal.reason);
      cancel(signal.reason);
    },
    { signal: over.signal },
  );
  return body;
}

/** A signal that aborts when the receiver at the other end of `port` cancels, even before there is a body to send. */
export function cancelSignal(port: MessagePort): AbortSignal {
  const controller = new AbortController();
  listen<Ask>(port, ask => {
    if (ask === 'pull') return;
    port.close();
    controller.abort(unpackReason(ask.cancel));
  });
  return controller.signal;
}

function listen<Message>(
  port: MessagePort,
  listener: (message: Message) => void,
  signal?: AbortSignal,
): void {
  port.addEventListener('message', ({ data }: MessageEvent<Message>) => listener(data), { signal });
  port.start();
}
