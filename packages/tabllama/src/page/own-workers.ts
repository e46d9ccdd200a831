/**
 * Workers of a front-end that ask Ollama themselves: each begins with `script.js`, which answers there as it does in the page, and goes on
 * with its own script. What begins it has a `blob:` URL; addresses that are relative are meant against the worker's script all the same.
 * Left alone are workers whose script is a blob already, shared and service workers.
 */

/** The tag of `script.js`, and what such a worker finds in its scope before anything else. */
export interface Tag {
  /** The URL of `script.js`. */
  readonly src: string;
  /** The options of `install()` as JSON. */
  readonly options?: string;
  /** In a worker: what the page resolves URLs against. */
  readonly base?: string;
  /** In a worker: the URL of its own script. */
  readonly script?: string;
}

/** From now on the workers that are made here, and those that they make, are answered as well. */
export function installInWorkers(tag: Tag): void {
  globalThis.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      const base = globalThis.document?.baseURI ?? location.href;
      const script = new URL(url, base);
      const isOwn = script.origin === location.origin && script.protocol !== 'blob:';
      super(isOwn ? beginning({ base, ...tag, script: script.href }, options) : url, options);
    }
  };
}

/** The URL of what begins the worker. */
function beginning(tag: Tag, options?: WorkerOptions): string {
  const setting = toUrl(`self.tabllamaTag = ${JSON.stringify(tag)}`);
  const urls = [setting, tag.src, tag.script].map(url => JSON.stringify(url));
  return toUrl(options?.type === 'module' ? `import ${urls.join('; import ')}` : `importScripts(${urls})`);
}

const toUrl = (code: string) => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));

/** Within such a worker: its place is that of its own script, and what is relative is meant against that. */
export function standAt(script: string): void {
  // webpack's URLs are no strings: a TrustedScriptURL is what it makes of one
  const absolute = (input: unknown) => (input instanceof Request ? input : new URL(String(input), script));
  Object.defineProperty(globalThis, 'location', { value: new URL(script) });
  const { fetch, importScripts } = globalThis as unknown as Record<string, (...args: unknown[]) => unknown>;
  Object.assign(globalThis, {
    fetch: (input: unknown, init: unknown) => fetch(absolute(input), init),
    importScripts: (...urls: unknown[]) => importScripts(...urls.map(absolute)),
  });
  const { open } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (...[method, url, ...rest]: unknown[]) {
    return Reflect.apply(open, this, [method, absolute(url), ...rest]);
  };
}
