/**
 * The patch of `globalThis.XMLHttpRequest`, by which axios and jQuery ask: a claimed request is answered by a `fetch`, and told in the
 * states and events of https://xhr.spec.whatwg.org, a chunk of the body at a time. Not there: the events of `upload`, and XML.
 */

type Fetch = typeof fetch;

type OpenArguments = [method: string, url: string | URL, async?: boolean, ...credentials: (string | null)[]];

/** What is seen of an answer before there is any, and after one that failed. */
const nothing = {
  readyState: 1,
  status: 0,
  statusText: '',
  responseURL: '',
  responseText: '',
  response: '' as unknown,
};

/** A claimed request, and what is seen of its answer under the names of an XMLHttpRequest. */
type Claimed = typeof nothing & {
  readonly request: { readonly url: string | URL; readonly method: string; readonly headers: Headers };
  readonly aborted: AbortController;
  sent?: boolean;
  headers?: Headers;
};

/**
 * Answers claimed URLs with `answer`. All others go the browser's own way, and so do synchronous requests, which cannot wait for a
 * worker. Returns a function that puts the old constructor back; where someone has built on ours, it lets everything through.
 */
export function interceptXhr(claims: (url: string | URL) => boolean, answer: Fetch): () => void {
  const Original = globalThis.XMLHttpRequest;
  let active = true;

  class Patched extends Original {
    #claimed?: Claimed;

    static {
      for (const name of Object.keys(nothing) as (keyof typeof nothing)[]) {
        Object.defineProperty(Patched.prototype, name, {
          configurable: true,
          enumerable: true,
          get(this: Patched) {
            return this.#claimed ? this.#claimed[name] : Reflect.get(Original.prototype, name, this);
          },
        });
      }
    }

    override open(...args: OpenArguments): void {
      this.#claimed?.aborted.abort();
      this.#claimed = undefined;
      Reflect.apply(super.open, this, args);
      const [method, url, async] = args;
      const isSynchronous = args.length > 2 && !async;
      if (!active || isSynchronous || !claims(url)) return;
      const request = { url, method, headers: new Headers() };
      this.#claimed = { ...nothing, request, aborted: new AbortController() };
    }

    override setRequestHeader(name: string, value: string): void {
      super.setRequestHeader(name, value);
      this.#claimed?.request.headers.append(name, value);
    }

    override send(body?: Document | XMLHttpRequestBodyInit | null): void {
      if (!this.#claimed) super.send(body);
      else if (this.#claimed.sent) throw new DOMException('the request is sent already', 'InvalidStateError');
      else this.#converse(this.#claimed, isDocument(body) ? body.documentElement.outerHTML : body);
    }

    override abort(): void {
      const claimed = this.#claimed;
      if (!claimed) {
        super.abort();
        return;
      }
      claimed.aborted.abort();
      if (claimed.sent && claimed.readyState < 4) this.#fail(claimed, 'abort');
      claimed.readyState = 0;
    }

    override getResponseHeader(name: string): string | null {
      return this.#claimed ? (this.#claimed.headers?.get(name) ?? null) : super.getResponseHeader(name);
    }

    override getAllResponseHeaders(): string {
      if (!this.#claimed) return super.getAllResponseHeaders();
      return [...(this.#claimed.headers ?? [])].map(line => `${line.join(': ')}\r\n`).join('');
    }

    async #converse(claimed: Claimed, content?: XMLHttpRequestBodyInit | null): Promise<void> {
      claimed.sent = true;
      const { url, method, headers } = claimed.request;
      const { timeout, responseType } = this;
      const late = timeout ? AbortSignal.timeout(timeout) : undefined;
      const signal = AbortSignal.any([claimed.aborted.signal, ...(late ? [late] : [])]);
      const isText = responseType === '' || responseType === 'text';
      if (!isText) claimed.response = null;
      this.#tell('loadstart', 0);
      try {
        const body = /^(get|head)$/i.test(method) ? undefined : content;
        const response = await answer(url, { method, headers, body, signal });
        const { status, statusText, url: responseURL } = response;
        Object.assign(claimed, { status, statusText, responseURL, headers: response.headers });
        this.#enter(claimed, 2);
        const chunks: Uint8Array<ArrayBuffer>[] = [];
        let loaded = 0;
        const decoder = new TextDecoder();
        const reader = response.body?.getReader();
        for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
          chunks.push(next.value);
          loaded += next.value.length;
          claimed.responseText += decoder.decode(next.value, { stream: true });
          if (isText) claimed.response = claimed.responseText;
          this.#enter(claimed, 3);
          this.#tell('progress', loaded);
        }
        if (!isText) claimed.response = await read(new Response(new Blob(chunks), response), responseType);
        signal.throwIfAborted();
        this.#enter(claimed, 4);
        claimed.aborted.signal.throwIfAborted();
        this.#tell('load', loaded);
        this.#tell('loadend', loaded);
      } catch {
        if (!claimed.aborted.signal.aborted) this.#fail(claimed, late?.aborted ? 'timeout' : 'error');
      }
    }

    #fail(claimed: Claimed, event: 'abort' | 'error' | 'timeout'): void {
      Object.assign(claimed, nothing, { headers: undefined });
      this.#enter(claimed, 4);
      this.#tell(event, 0);
      this.#tell('loadend', 0);
    }

    #enter(claimed: Claimed, readyState: number): void {
      claimed.readyState = readyState;
      this.dispatchEvent(new Event('readystatechange'));
    }

    #tell(event: string, loaded: number): void {
      this.dispatchEvent(new ProgressEvent(event, { loaded }));
    }
  }
  globalThis.XMLHttpRequest = Patched;

  return () => {
    active = false;
    if (globalThis.XMLHttpRequest === Patched) globalThis.XMLHttpRequest = Original;
  };
}

/** What `response` is for a `responseType` that is no text: null for what is no JSON, and for the type that is not there. */
async function read(response: Response, type: XMLHttpRequestResponseType): Promise<unknown> {
  if (type === 'blob') return response.blob();
  if (type === 'arraybuffer') return response.arrayBuffer();
  return type === 'json' ? response.json().catch(() => null) : null;
}

/** Workers have no documents. */
const isDocument = (body: unknown): body is Document => globalThis.Document && body instanceof Document;
