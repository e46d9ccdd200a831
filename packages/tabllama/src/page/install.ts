/** Installing tabllama in a page: the worker starts, and `fetch` answers. */
import { unlessAborted } from '../wire/abort.ts';
import type { DeviceDescription, LoadProgress } from '../wire/message.ts';
import { startBackend } from './backend.ts';
import { type ClaimOptions, createClaim } from './claim.ts';
import { interceptFetch } from './intercept.ts';
import { interceptXhr } from './intercept-xhr.ts';

export interface InstallOptions extends ClaimOptions {
  /** What `/api/pull` finds under a name: the URL of a GGUF file, resolved against the page. */
  readonly models?: Readonly<Record<string, string | URL>>;
  /**
   * Where registries are that speak Ollama's protocol and let this page read them: the address of one that has the names without a
   * host, or addresses by the host that names begin with.
   */
  readonly registry?: string | URL | Readonly<Record<string, string | URL>>;
  /** Tokens for registries and repositories that are not public, by host; asked for when a host answers with 401. */
  readonly tokens?: Readonly<Record<string, string>> | ((host: string) => Token | Promise<Token>);
  /** Servers that models made with `remote_host` may run on, written as that is: `gpu.local`, `https://gpu.local:443`. */
  readonly remoteHosts?: readonly string[];
  /**
   * Asks the user whether a model may run on another server: everything that is asked of the model is sent there. Called once for each;
   * a yes is remembered in the store, a no until the page is loaded again. Without this option it is always no.
   */
  readonly onRemote?: (origin: string) => boolean | Promise<boolean>;
  /** Makes the worker, where a bundler wants that done in its own way: a module worker that imports `tabllama/worker`. */
  readonly worker?: () => Worker;
  /** Told while a model is uploaded to the GPU and its kernels are compiled. */
  readonly onProgress?: (progress: LoadProgress) => void;
}

type Token = string | undefined;

export interface Tabllama {
  /** A `fetch` whose every request the worker answers, whatever its origin: for clients that take a `fetch`. */
  readonly fetch: typeof globalThis.fetch;
  /** The graphics adapter that models run on, or what is missing for it. */
  device(): Promise<DeviceDescription>;
  /** Puts the page's `fetch` back and ends the worker. Requests that wait, and responses still being read, fail. */
  uninstall(): void;
}

let installed = false;

/**
 * `install()` of the package, with the worker that `ownWorker` makes unless the options have another. URLs are resolved against `base`
 * where that is not the document's.
 */
export async function installWith(
  ownWorker: () => Worker,
  options: InstallOptions,
  base?: string,
): Promise<Tabllama> {
  if (installed) throw new Error('tabllama is installed in this page already: call uninstall() first');
  const claim = createClaim(options, new URL(location.href));
  const baseUrl = () => base ?? globalThis.document?.baseURI ?? location.href;
  const { models = {}, registry, tokens = {}, remoteHosts } = options;
  const { onRemote = () => false, worker = ownWorker, onProgress = () => {} } = options;
  const closed = new AbortController();
  const backend = startBackend(
    worker,
    {
      models: asTexts(models),
      base: baseUrl(),
      registry: registry && asAddresses(registry),
      remoteHosts,
    },
    {
      onProgress,
      persist: async () => navigator.storage.persist?.() ?? false,
      allowRemote: async origin => onRemote(origin),
      findToken: async host => (typeof tokens === 'function' ? tokens(host) : tokens[host]),
    },
    closed.signal,
  );

  async function answer(...args: Parameters<typeof fetch>): Promise<Response> {
    const request = new Request(...args);
    const { fetch } = await unlessAborted(backend, AbortSignal.any([request.signal, closed.signal]));
    return fetch(request, claim(new URL(request.url)) ?? request.url);
  }

  const claims = (url: string | URL) => claim(URL.parse(url, baseUrl())) !== undefined;
  const restores = [interceptFetch(claims, answer), interceptXhr(claims, answer)];
  installed = true;

  function stop(reason: unknown): void {
    for (const restore of restores) restore();
    if (!closed.signal.aborted) installed = false;
    closed.abort(reason);
  }
  const uninstall = () => stop(new TypeError('tabllama was uninstalled'));

  try {
    const { device } = await backend;
    return { fetch: answer, device: () => unlessAborted(device(), closed.signal), uninstall };
  } catch (error) {
    stop(error);
    throw error;
  }
}

const asTexts = (urls: Readonly<Record<string, string | URL>>) =>
  Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, String(url)]));

const asAddresses = (registry: NonNullable<InstallOptions['registry']>) =>
  typeof registry === 'string' || registry instanceof URL ? String(registry) : asTexts(registry);
