/** Requests to other places of the web: how their failures are told apart, and which of them are tried again. */
import { StatusError, startOfText } from '@tabllama/api';
import { sleep } from './sleep.ts';

export type Fetch = typeof globalThis.fetch;

/** The network, or a server that is busy, failed us: worth another try. */
export class NetworkError extends StatusError {
  /** What the server asks to wait before that, in milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, options?: ErrorOptions & { retryAfterMs?: number }) {
    super(500, message, options);
    this.retryAfterMs = options?.retryAfterMs ?? 0;
  }
}

/** A server that answers 404: in Ollama's words. */
export class MissingError extends StatusError {
  constructor() {
    super(500, 'file does not exist');
  }
}

/** No answer at all: there is no network, no such server, or it does not let this page read. */
export class UnreachableError extends NetworkError {}

export interface RetryOptions {
  /** How many failures in a row are one too many. */
  readonly attempts: number;
  /** Wait before the second attempt; each later one waits twice as long. */
  readonly retryMs: number;
}

/** A server that wants us to wait longer than this is not waited for. */
const LONGEST_WAIT_MS = 120_000;

const busy = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Any answer, whatever its status. @throws UnreachableError where there is none; the signal's reason when aborted */
export async function send(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, {
      cache: 'no-store', // the bytes are kept here, not twice
      referrerPolicy: 'no-referrer',
      ...init,
    });
  } catch (error) {
    init.signal?.throwIfAborted();
    if (error instanceof StatusError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreachableError(
      `cannot reach ${url}: ${why} (no network, or the server does not let this page read it)`,
      { cause: error },
    );
  }
}

/** What an answer with a status of 400 or more is thrown as: a NetworkError if the server is only busy. */
export function refusal({ status, headers }: Response, message: string): StatusError {
  if (!busy.has(status)) return new StatusError(500, message);
  return new NetworkError(message, { retryAfterMs: retryAfterMs(headers.get('retry-after')) });
}

/** The same, with the status and the words of the server as its message. */
export async function refused(response: Response): Promise<StatusError> {
  return refusal(response, `${response.status}: ${await startOfText(response, 4096)}`);
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfterMs(value: string | null): number {
  if (value === null) return 0;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** Waits before the next attempt, after so many failures; throws the error where waiting is no use. */
export async function backOff(
  error: NetworkError,
  failures: number,
  { retryMs }: RetryOptions,
  signal?: AbortSignal,
): Promise<void> {
  if (error.retryAfterMs > LONGEST_WAIT_MS) throw error;
  await sleep(Math.max(retryMs * 2 ** (failures - 1), error.retryAfterMs), signal);
}

/** Does the work again while a server is busy. A server that cannot be reached at all is not tried again. */
export async function retry<T>(
  work: () => Promise<T>,
  options: RetryOptions,
  signal?: AbortSignal,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      const hopeless = !(error instanceof NetworkError) || error instanceof UnreachableError;
      if (hopeless || failures === options.attempts) throw error;
      await backOff(error, failures, options, signal);
    }
  }
}

/** Ends a request that has gone silent. Only waiting for the network counts, not the time that writing takes. */
export class Stall {
  readonly signal: AbortSignal;
  readonly #silent = new AbortController();
  readonly #ms: number;

  constructor(signal: AbortSignal, ms: number) {
    this.signal = AbortSignal.any([signal, this.#silent.signal]);
    this.#ms = ms;
  }

  /** Waits for the network. A silence rejects with NetworkError, an abort with the signal's reason. */
  async watch<T>(waiting: Promise<T>): Promise<T> {
    const seconds = this.#ms / 1000;
    const timer = setTimeout(
      () => this.#silent.abort(new NetworkError(`the server sent nothing for ${seconds} s`)),
      this.#ms,
    );
    try {
      return await waiting;
    } catch (error) {
      this.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}
