/** A request and a response as plain records: what crosses between page and worker beside the bodies. */

export interface RequestMessage {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly redirect: RequestRedirect;
  /** Where the body comes from; absent when the request has none. */
  readonly body?: MessagePort;
  /** Where the response's body goes. Cancelled at any time, it also aborts the request's signal. */
  readonly answer: MessagePort;
}

export interface ResponseMessage {
  readonly url: string;
  readonly redirected: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The whole body, where it is short; else it comes by the request's port. */
  readonly body?: ArrayBuffer;
}

/** What the worker tells about a load: kernels compiled, where they are new on the device, then bytes uploaded to the GPU. */
export interface LoadProgress {
  readonly model: string;
  readonly phase: 'compile' | 'upload';
  readonly completed: number;
  readonly total: number;
}

/** The graphics adapter in use, or a sentence that names what is missing and what to do about it. */
export type DeviceDescription =
  | { readonly adapter: string; readonly features: readonly string[] }
  | { readonly missing: string };

export interface StartOptions {
  /** Names that `/api/pull` knows, and the URL of each one's GGUF file. */
  readonly models: Readonly<Record<string, string>>;
  /** What those URLs are resolved against. */
  readonly base: string;
  /** Where registries are: one for names without a host, or by host. */
  readonly registry?: string | Readonly<Record<string, string>>;
  /** Servers that models may run on without a question. */
  readonly remoteHosts?: readonly string[];
}

/** What the worker exposes through comlink. */
export interface WorkerApi {
  /** Comes first, and once. Rejects for options that are wrong. */
  start(options: StartOptions, page: PageApi): Promise<void>;
  fetch(request: RequestMessage): Promise<ResponseMessage>;
  device(): Promise<DeviceDescription>;
}

/** What the page does for the worker. */
export interface PageApi {
  onProgress(progress: LoadProgress): void;
  /** Asks the browser not to evict what is stored, which only a page may. */
  persist(): Promise<boolean>;
  /** The token for a host that wants one, where the page has it. */
  findToken(host: string): Promise<string | undefined>;
  /** Whether a model may run on a server, such as `http://gpu.local:11434`. */
  allowRemote(origin: string): Promise<boolean>;
}
