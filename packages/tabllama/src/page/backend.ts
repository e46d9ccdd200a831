/** What answers the page's requests: the worker, or, where there can be none, a sentence that says why. */
import { proxy, wrap } from 'comlink';
import { sendRequest } from '../wire/client.ts';
import type { DeviceDescription, LoadProgress, StartOptions, WorkerApi } from '../wire/message.ts';

export interface Backend {
  fetch(request: Request): Promise<Response>;
  device(): Promise<DeviceDescription>;
}

/** Starts the worker, which ends when `closed` aborts. Resolves in any case. */
export async function startBackend(
  createWorker: () => Worker,
  options: StartOptions,
  onProgress: (progress: LoadProgress) => void,
  closed: AbortSignal,
): Promise<Backend> {
  try {
    const worker = createWorker();
    closed.addEventListener('abort', () => worker.terminate(), { once: true });
    const remote = wrap<WorkerApi>(worker);
    await Promise.race([remote.start(options, proxy(onProgress)), failure(worker)]);
    return {
      fetch: request => sendRequest(remote, request, closed),
      device: () => remote.device(),
    };
  } catch (error) {
    const missing = `tabllama's worker could not be started: ${error instanceof Error ? error.message : error}`;
    return {
      fetch: async () => Response.json({ error: missing }, { status: 500 }),
      device: async () => ({ missing }),
    };
  }
}

/** Rejects when the worker's script does not load or throws before it listens. */
function failure(worker: Worker): Promise<never> {
  return new Promise((_, reject) => {
    worker.addEventListener('error', event => reject(new Error(event.message || 'its script did not load')), {
      once: true,
    });
  });
}
