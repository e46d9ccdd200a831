/** What an endpoint is given. */
import { readBytes, StatusError, type Store } from '@tabllama/api';
import type { Remotes } from './remote/remotes.ts';
import type { Scheduler } from './scheduler.ts';

export interface Context {
  readonly request: Request;
  /** What stands in the path where the route has a `:name`. */
  readonly parameter: string;
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly remotes: Remotes;
  readonly version: string;
  /** When the request came, on the clock of `performance.now`. */
  readonly startedMs: number;
}

export type Endpoint = (context: Context) => Response | Promise<Response>;

const MAX_BODY = 256 * 1024 * 1024; // bytes of JSON; far above any pictures that a browser would send

/** The whole body of a JSON request. Throws StatusError 413 beyond `most` bytes (256 MiB), and the signal's reason. */
export async function readBody(request: Pick<Request, 'body'>, most = MAX_BODY): Promise<Uint8Array> {
  const bytes = await readBytes(request, most + 1);
  if (bytes.length > most) throw new StatusError(413, 'http: request body too large');
  return bytes;
}
