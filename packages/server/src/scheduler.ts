/**
 * Which models are loaded, and whose turn it is: one generation at a time on a model, one load at a time, requests in the order in
 * which they came. A model stays for its keep-alive time after its last use; when another needs the room, the one that has
 * not been used for longest goes first.
 */
import {
  type Engine,
  type InstalledModel,
  type LoadedModel,
  type ModelInfo,
  NoRoomError,
  StatusError,
} from '@tabllama/api';

export interface SchedulerOptions {
  readonly engines: readonly Engine[];
  /** Requests that may wait; the next one is refused. */
  readonly maxQueue: number;
  /** How long a model stays loaded where no request says otherwise. */
  readonly keepAliveMs: number;
}

export interface LoadRequest {
  readonly installed: InstalledModel;
  readonly info: ModelInfo;
  /** Context window in tokens; a model that is loaded with another is loaded anew. */
  readonly contextLength: number;
  /** Stays the model's own until a request brings another. */
  readonly keepAliveMs?: number;
}

/** The right to use a loaded model alone, until `release`. */
export interface Lease {
  readonly model: LoadedModel;
  /** Aborts with a StatusError when the model is lost. */
  readonly lost: AbortSignal;
  release(): void;
}

/** A loaded model, for `/api/ps`. */
export interface RunningModel {
  readonly installed: InstalledModel;
  /** Bytes on the GPU. */
  readonly bytes: number;
  readonly contextLength: number;
  readonly expiresAt: Date;
}

export interface Scheduler extends AsyncDisposable {
  /** Loads the model if need be, and waits until it is free. Rejects with the signal's reason, or a StatusError. */
  acquire(request: LoadRequest, signal: AbortSignal): Promise<Lease>;
  running(): RunningModel[];
  /** Frees a model: at once, or when the request that uses it has ended. */
  unload(installed: InstalledModel): Promise<void>;
}

interface Entry {
  readonly key: string;
  readonly request: LoadRequest;
  /** Undefined while it loads. */
  model?: LoadedModel;
  /** In use, or about to make room for another model. */
  busy: boolean;
  /** Set by a load that waits for this model's room. */
  whenIdle?: () => void;
  keepAliveMs: number;
  usedAt: number;
  expiresAt: number;
  timer?: ReturnType<typeof setTimeout>;
  readonly lost: AbortController;
}

interface Waiter {
  readonly key: string;
  readonly request: LoadRequest;
  readonly signal: AbortSignal;
  /** Aborts when it waits no more: a listener that stayed would hold on to the model. */
  readonly settled: AbortController;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (reason: unknown) => void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;
/** What Ollama adds to now for a model that stays for ever: the longest duration of Go. */
const FOREVER_MS = Number(2n ** 63n / 1_000_000n);

export function createScheduler({ engines, maxQueue, keepAliveMs }: SchedulerOptions): Scheduler {
  const entries = new Map<string, Entry>();
  const waiting: Waiter[] = [];
  const closing = new Set<Promise<void>>();
  const closed = new AbortController();
  let loading = false;

  function acquire(request: LoadRequest, signal: AbortSignal): Promise<Lease> {
    const ended = AbortSignal.any([signal, closed.signal]);
    ended.throwIfAborted();
    if (waiting.length >= maxQueue) {
      throw new StatusError(503, 'server busy, please try again.  maximum pending requests exceeded');
    }
    return new Promise((resolve, reject) => {
      const settled = new AbortController();
      const waiter = { key: keyOf(request.installed), request, signal: ended, settled, resolve, reject };
      const giveUp = () => settle(waiter, () => reject(ended.reason));
      ended.addEventListener('abort', giveUp, { signal: settled.signal });
      waiting.push(waiter);
      schedule();
    });
  }

  function settle(waiter: Waiter, how: () => void): void {
    const index = waiting.indexOf(waiter);
    if (index < 0) return;
    waiting.splice(index, 1);
    waiter.settled.abort();
    how();
  }

  /** Gives every waiting request what it can have now; nobody overtakes another who waits for the same model. */
  function schedule(): void {
    const passed = new Set<string>();
    for (const waiter of [...waiting]) {
      if (passed.has(waiter.key)) continue;
      passed.add(waiter.key);
      const entry = entries.get(waiter.key);
      if (entry === undefined) {
        if (!loading) void load(waiter);
      } else if (entry.model !== undefined && !entry.busy) {
        if (entry.request.contextLength === waiter.request.contextLength) grant(waiter, entry, entry.model);
        else if (!loading) {
          void close(entry);
          void load(waiter);
        }
      }
    }
  }

  function grant(waiter: Waiter, entry: Entry, model: LoadedModel): void {
    clearTimeout(entry.timer);
    entry.busy = true;
    entry.keepAliveMs = waiter.request.keepAliveMs ?? entry.keepAliveMs;
    touch(entry);
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      if (entry.whenIdle) return entry.whenIdle();
      idle(entry);
    };
    settle(waiter, () => waiter.resolve({ model, lost: entry.lost.signal, release }));
  }

  /** The next one's turn, or else the keep-alive time begins. */
  function idle(entry: Entry): void {
    entry.busy = false;
    touch(entry);
    schedule();
    if (entries.get(entry.key) !== entry || entry.busy) return;
    if (entry.keepAliveMs === 0) void close(entry);
    else expireLater(entry);
  }

  function touch(entry: Entry): void {
    entry.usedAt = performance.now();
    entry.expiresAt = Date.now() + Math.min(entry.keepAliveMs, FOREVER_MS);
  }

  function expireLater(entry: Entry): void {
    const left = entry.expiresAt - Date.now();
    if (left > MAX_TIMER_MS) entry.timer = setTimeout(() => expireLater(entry), MAX_TIMER_MS);
    else entry.timer = setTimeout(() => void close(entry), left);
  }

  async function load(waiter: Waiter): Promise<void> {
    loading = true;
    const entry: Entry = {
      key: waiter.key,
      request: waiter.request,
      busy: false,
      keepAliveMs: waiter.request.keepAliveMs ?? keepAliveMs,
      usedAt: performance.now(),
      expiresAt: Date.now(),
      lost: new AbortController(),
    };
    entries.set(entry.key, entry);
    try {
      const model = await loadWithRoom(entry, waiter.signal);
      entry.model = model;
      void model.lost.then(reason => {
        entry.lost.abort(new StatusError(500, reason));
        void close(entry);
      });
    } catch (error) {
      entries.delete(entry.key);
      settle(waiter, () => waiter.reject(error));
    }
    loading = false;
    if (entry.model !== undefined) idle(entry);
    else schedule();
  }

  /** Loads; while that fails for want of room and another model is there, that one goes. */
  async function loadWithRoom(entry: Entry, signal: AbortSignal): Promise<LoadedModel> {
    const { info, contextLength } = entry.request;
    const engine = engines.find(one => one.supports(info));
    for (;;) {
      await Promise.all(closing);
      signal.throwIfAborted();
      try {
        // What no engine supports is for an engine to say: it knows what is missing.
        const model = await (engine ?? engines[0]).load(info, { contextLength }, signal);
        if (!signal.aborted) return model;
        await model[Symbol.asyncDispose]();
      } catch (error) {
        const victim = error instanceof NoRoomError ? leastRecentlyUsed() : undefined;
        if (victim === undefined) throw error;
        await evict(victim, signal);
      }
    }
  }

  /** The loaded model that was used longest ago, an idle one before a busy one. */
  function leastRecentlyUsed(): Entry | undefined {
    const loaded = [...entries.values()].filter(entry => entry.model !== undefined);
    loaded.sort((a, b) => Number(a.busy) - Number(b.busy) || a.usedAt - b.usedAt);
    return loaded[0];
  }

  /** Closes a model when it is idle. A load that is given up meanwhile leaves it as it is. */
  async function evict(entry: Entry, signal: AbortSignal): Promise<void> {
    if (entry.busy) {
      await new Promise<void>((resolve, reject) => {
        const giveUp = () => {
          entry.whenIdle = undefined;
          reject(signal.reason);
        };
        signal.addEventListener('abort', giveUp, { once: true });
        entry.whenIdle = () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
      });
    }
    await close(entry);
  }

  function close(entry: Entry): Promise<void> {
    clearTimeout(entry.timer);
    if (entries.get(entry.key) !== entry || entry.model === undefined) return Promise.resolve();
    entries.delete(entry.key);
    entry.whenIdle?.();
    // What is lost or broken may fail to be given back; it is gone all the same.
    const done = Promise.resolve(entry.model[Symbol.asyncDispose]()).catch(() => {});
    closing.add(done);
    return done.finally(() => closing.delete(done)).then(schedule);
  }

  return {
    acquire,
    running() {
      const loaded = [...entries.values()].flatMap(entry =>
        entry.model ? [{ entry, model: entry.model }] : [],
      );
      return loaded.map(({ entry, model }) => ({
        installed: entry.request.installed,
        bytes: model.bytes,
        contextLength: model.contextLength,
        expiresAt: new Date(entry.expiresAt),
      }));
    },
    async unload(installed) {
      const entry = entries.get(keyOf(installed));
      if (entry === undefined) return;
      entry.keepAliveMs = 0;
      touch(entry);
      if (entry.model !== undefined && !entry.busy) await close(entry);
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new StatusError(503, 'the server is closed'));
      await Promise.all([...entries.values()].map(close));
      await Promise.all(closing);
    },
  };
}

/** Names that share their weights and how they speak share the loaded model. */
function keyOf({ model, template, config }: InstalledModel): string {
  return JSON.stringify([model?.digest, template, config.renderer, config.parser, config.model_family]);
}
