/** One at a time, across tabs where the browser has locks (every page with WebGPU has), else within this worker. */

const tails = new Map<string, Promise<unknown>>();

/** Runs `work` when everything before it under the same name has ended. An abort while it waits rejects with the signal's reason. */
export async function withLock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (globalThis.navigator?.locks) return navigator.locks.request(name, { signal }, work);
  const before = tails.get(name);
  const mine = (async () => {
    await before?.catch(() => {});
    signal.throwIfAborted();
    return work();
  })();
  tails.set(name, mine);
  try {
    return await mine;
  } finally {
    if (tails.get(name) === mine) tails.delete(name);
  }
}
