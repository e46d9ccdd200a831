/** What is asked of `create`, and what Ollama refuses before it begins. */
import { StatusError } from '@tabllama/api';

export type Paths = Readonly<Record<string, string>>;

/** The fields that matter here, with Ollama's names. */
export interface CreateRequest {
  readonly from?: string;
  /** Digests of uploaded blobs by path, for weights, adapters and draft models. */
  readonly files?: Paths;
  readonly adapters?: Paths;
  readonly draft_files?: Paths;
  readonly draft_quantize?: string;
  readonly quantize?: string;
  readonly quantization?: string;
  readonly template?: string;
  readonly system?: string;
  readonly license?: unknown;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly messages?: readonly CreateMessage[];
  readonly renderer?: string;
  readonly parser?: string;
  readonly requires?: string;
  readonly info?: Readonly<Record<string, unknown>>;
  readonly remote_host?: string;
}

export interface CreateMessage {
  readonly role?: string;
  readonly content?: string;
  readonly thinking?: string;
  readonly images?: unknown;
  readonly tool_calls?: unknown;
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

/** Paths are relative, and every file has a digest. Throws StatusError 400. */
export function checkRequest({ files, adapters, draft_files, draft_quantize }: CreateRequest): void {
  checkPaths(files);
  checkPaths(draft_files);
  if (draft_quantize && Object.keys(draft_files ?? {}).length === 0) {
    throw new StatusError(400, '--draft-quantize requires a DRAFT model');
  }
  if (Object.values(adapters ?? {}).includes('')) throw new StatusError(400, 'invalid digest format');
}

function checkPaths(paths: Paths = {}): void {
  for (const [path, digest] of Object.entries(paths)) {
    const parts = path.split('/');
    const outside = path !== '.' && parts.some(part => part === '' || part === '.' || part === '..');
    if (outside) throw new StatusError(400, 'file path must be relative');
    if (digest === '') throw new StatusError(400, 'invalid digest format');
  }
}
