/**
 * Models that run elsewhere: `create` with `remote_host` makes a name for one, and what is asked of that name is sent on to an Ollama,
 * or to a server that has OpenAI's API only. Nothing is sent to a server that the page's user has not allowed.
 */
import { type InstalledModel, remoteUrl, StatusError, type Store, startOfText } from '@tabllama/api';
import { stringify } from '../decode.ts';
import { cloudDisabled } from '../model.ts';
import { jsonLines } from './json-lines.ts';
import { askOpenAi } from './openai.ts';

export interface RemoteOptions {
  /** Servers that may be asked, written as `remote_host` is. */
  readonly hosts?: readonly string[];
  /** Asks the user about another one: an origin such as `http://gpu.local:11434`. A yes is remembered in the store. */
  readonly ask?: (origin: string) => Promise<boolean>;
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What Ollama's API takes and gives, as plain JSON. */
export type Json = Readonly<Record<string, unknown>>;
export type RemotePath = '/api/chat' | '/api/generate' | '/api/embed' | '/api/embeddings' | '/api/show';

/** POSTs JSON to a server. Throws StatusError with the server's status and words where it refuses. */
export type Post = (path: string, body: Json, signal: AbortSignal) => Promise<Response>;

/** Where a model runs. */
export interface Remote {
  readonly host: string;
  readonly model: string;
  /** The lines of an answer in Ollama's words; `body` needs no model. Throws StatusError. */
  send(path: RemotePath, body: Json, signal: AbortSignal): AsyncGenerator<Json, void, undefined>;
}

export interface Remotes {
  /** Where a model runs, or undefined for one that runs here. */
  find(installed: InstalledModel): Remote | undefined;
}

export function createRemotes(store: Store, options: RemoteOptions = {}): Remotes {
  const { hosts = [], ask = async () => false } = options;
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const allowed = new Set(hosts.map(host => new URL(remoteUrl(host)).origin));
  /** Questions that were asked since the start; a no holds until the next one. */
  const asked = new Map<string, Promise<boolean>>();
  const isOllama = new Map<string, boolean>();

  async function permit(host: string, what: string): Promise<void> {
    const { origin, hostname } = new URL(host);
    if (allowed.has(origin) || (await store.isAllowed(origin))) return;
    if (hostname === 'ollama.com') throw cloudDisabled(what);
    const answer = asked.get(origin) ?? ask(origin);
    asked.set(origin, answer);
    answer.catch(() => asked.delete(origin)); // no answer at all
    if (!(await answer)) {
      throw new StatusError(
        403,
        `the user of this page has not allowed requests to ${origin}, where this model runs`,
      );
    }
    await store.allow(origin);
  }

  async function request(url: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, { referrerPolicy: 'no-referrer', ...init });
    } catch (error) {
      init.signal?.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new StatusError(
        502,
        `cannot reach ${url}: ${why} (is it running, and does it answer this page's origin?)`,
        { cause: error },
      );
    }
  }

  /** Ollama, and what imitates it, tells its version; what only has OpenAI's API does not. */
  async function speaksOllama(host: string, signal: AbortSignal): Promise<boolean> {
    const known = isOllama.get(host);
    if (known !== undefined) return known;
    const response = await request(`${host}/api/version`, { signal });
    const text = await startOfText(response, 4096);
    const answer = response.ok && /"version"\s*:\s*"/.test(text);
    // a server that is starting, or busy, says nothing of what it is
    if (response.ok || response.status === 404) isOllama.set(host, answer);
    return answer;
  }

  return {
    find({ config }) {
      const { remote_host: host, remote_model: model } = config;
      if (!host || !model) return undefined;
      const post: Post = async (path, body, signal) => {
        const response = await request(host.replace(/\/(v1\/?)?$/, '') + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: stringify(body),
          signal,
        });
        if (response.ok) return response;
        throw new StatusError(
          response.status,
          errorText(await startOfText(response, 1 << 16)) || response.statusText,
        );
      };
      return {
        host,
        model,
        async *send(path, body, signal) {
          const details = path === '/api/show' ? 'remote model details are' : 'remote model is';
          await permit(host, `${details} unavailable`);
          const whole = { ...body, model };
          if (!(await speaksOllama(host, signal))) {
            return yield* askOpenAi(post, path, whole, signal);
          }
          const response = await post(path, whole, signal);
          for await (const line of jsonLines(response)) {
            if (typeof line.error === 'string') throw new StatusError(500, line.error);
            yield line;
          }
        },
      };
    },
  };
}

/** What a server says in an error: Ollama's `{"error": text}`, OpenAI's `{"error": {"message": text}}`, or the text itself. */
function errorText(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: string | { message?: unknown } };
    const message = typeof error === 'object' ? error.message : error;
    if (typeof message === 'string') return message;
  } catch {
    // it is no JSON
  }
  return text.slice(0, 1000).trim();
}
