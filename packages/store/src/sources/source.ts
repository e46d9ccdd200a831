/** What a place to pull models from is. */
import type { ModelName, TransferOptions } from '@tabllama/api';
import type { BlobRecord, Database } from '../database.ts';
import type { RemoteFile } from '../download.ts';
import type { Fetch, RetryOptions } from '../web.ts';

/** What a place has under a name. */
export interface Offer {
  /** In the order in which they are fetched. */
  readonly files: readonly RemoteFile[];
  /** The text of the manifest, once the files are here as these blobs. */
  manifest(blobs: readonly BlobRecord[]): Promise<string>;
}

/** Looks a model up at its place. Throws StatusError with Ollama's words; NetworkError where the network is to blame. */
export type OpenOffer = (signal?: AbortSignal) => Promise<Offer>;

/** Finds the place of a name or a URL; undefined for what another place has. Nothing is asked of the network yet. */
export type FindSource = (wanted: ModelName | URL, options: TransferOptions) => OpenOffer | undefined;

/** What sources are made of. */
export interface SourceSettings extends RetryOptions {
  readonly database: Database;
  /** The page's own table: URLs of GGUF files by name, resolved against `base`. */
  readonly models: Readonly<Record<string, string>>;
  readonly base: string | URL;
  /** Where the registry of a host in a model's name is; hosts that are not in it are their own. */
  readonly registries: ReadonlyMap<string, string>;
  /** A `fetch` for one pull, which remembers the tokens that it got. */
  readonly authorizedFetch: () => Fetch;
}
