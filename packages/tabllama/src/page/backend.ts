/** What answers the page's requests: the worker, or, where there can be none, a sentence that says why. */
import { proxy, wrap } from 'comlink';
import { sendRequest } from '../wire/client.ts';
import type { DeviceDescription, PageApi, StartOptions, WorkerApi } from '../wire/message.ts';

export interface Backend {
  /** Answers a request as if it had come to `url`. */
  fetch(request: Request, url: string): Promise<Response>;
  device(): Promise<DeviceDescription>;
}

/**
 * Starts the worker, which ends when `closed` aborts. Resolves also where there can be no worker; rejects with what the worker
 * finds wrong in the options.
 */
export async function startBackend(
  createWorker: () => Worker,
  options: StartOptions,
  page: PageApi,
  closed: AbortSignal,
): Promise<Backend> {
  let worker: Worker;
  try {
    worker = createWorker();
  } catch (error) {
    return cannotRun(error);
  }
  closed.addEventListener('abort', () => worker.terminate(), { once: true });
  const remote = wrap<WorkerApi>(worker);
  const running: Backend = {
    fetch: (request, url) => sendRequest(remote, request, { url, closed }),
    device: () => remote.device(),
  };
  return Promise.race([
    remote.start(options, proxy(page)).then(() => running),
    failure(worker).then(cannotRun),
  ]);
}

/** Answers every request with the sentence that says why there is no worker. */
function cannotRun(error: unknown): Backend {
  const missing = `the worker of tabllama could not be started: ${error instanceof Error ? error.message : error}`;
  return {
    fetch: async () => Response.json({ error: missing }, { status: 500 }),
    device: async () => ({ missing }),
  };
}

/** Resolves when the script of the worker does not load or fails at its start. */
function failure(worker: Worker): Promise<string> {
  return new Promise(resolve => {
    worker.addEventListener('error', event => resolve(event.message || 'its script did not load'), {
      once: true,
    });
  });
}
