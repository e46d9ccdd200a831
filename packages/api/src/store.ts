/** What a store is to the server: models by name, blobs by digest, and pulling. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import type { Message } from './engine.ts';

/** The four parts of a model's name, each with its default filled in. */
export interface ModelName {
  readonly host: string;
  readonly namespace: string;
  readonly model: string;
  readonly tag: string;
}

export interface Layer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly from?: string;
}

/** A manifest as Ollama stores it; its bytes are kept as they came, and their sha256 is the model's digest. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Layer;
  readonly layers: readonly Layer[];
}

/** The config blob: what Ollama writes there, and what it reads. */
export interface ModelConfig {
  readonly model_format: string;
  readonly model_family: string;
  readonly model_families: readonly string[] | null;
  readonly model_type: string;
  readonly file_type: string;
  readonly renderer?: string;
  readonly parser?: string;
  readonly requires?: string;
  readonly capabilities?: readonly string[];
  readonly context_length?: number;
  readonly embedding_length?: number;
  readonly base_name?: string;
  /** A model that runs elsewhere: the URL of the server, and the model's name there. */
  readonly remote_host?: string;
  readonly remote_model?: string;
  readonly architecture?: string;
  readonly os?: string;
}

/** An installed model with its small layers read. */
export interface InstalledModel {
  readonly name: ModelName;
  readonly manifest: Manifest;
  /** 64 hex digits: sha256 of the manifest's bytes. */
  readonly digest: string;
  /** Bytes of all layers and the config. */
  readonly size: number;
  readonly modifiedAt: Date;
  readonly config: ModelConfig;
  readonly template?: string;
  readonly system?: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly messages: readonly Message[];
  readonly licenses: readonly string[];
  /** The model layer, or undefined for a model without weights; the first of them where the weights lie in several files. */
  readonly model?: Layer;
}

/** A line of progress, with Ollama's own words. */
export interface Progress {
  readonly status: string;
  readonly digest?: string;
  readonly total?: number;
  readonly completed?: number;
}

export interface TransferOptions {
  /** Speak plain HTTP to the registry. */
  readonly insecure?: boolean;
}

export interface Store {
  /** Every installed model, newest first. */
  list(): Promise<InstalledModel[]>;
  /** The installed model of that name, each part compared without regard to case. */
  find(name: ModelName): Promise<InstalledModel | undefined>;
  /** The header of a model's weights, read once and remembered, and their bytes. */
  open(model: InstalledModel): Promise<{ gguf: Gguf; weights: ByteSource }>;
  /** Throws StatusError 400 for what is no digest. */
  hasBlob(digest: string): Promise<boolean>;
  /** Whether the user has allowed that models run at an origin, which is remembered with the models. */
  isAllowed(origin: string): Promise<boolean>;
  allow(origin: string): Promise<void>;
  /** Bytes of a complete blob, or undefined. */
  blob(digest: string): Promise<ByteSource | undefined>;
  /**
   * Takes bytes in under their true sha256, which is returned with the size and whether the store had no such blob before. Throws
   * StatusError 507 with needed, stored and missing bytes when the quota is spent.
   */
  putBlob(
    body: ReadableStream<Uint8Array> | Uint8Array,
    signal?: AbortSignal,
  ): Promise<{ digest: string; size: number; isNew: boolean }>;
  /** Writes a manifest (its last step: the model becomes visible) and drops blobs that the overwritten one alone used. */
  putManifest(name: ModelName, manifest: Manifest): Promise<void>;
  /** Gives a model another name; what had that name goes. Throws StatusError 404 if there is no such model. */
  copy(source: ModelName, target: ModelName): Promise<void>;
  /** Removes the manifest and every blob that no other manifest refers to. False if there is no such model. */
  delete(name: ModelName): Promise<boolean>;
  /**
   * Fetches a model by its name, or a GGUF by its URL: progress lines up to `success`. A URL's model is named after the file,
   * `model-q4_0.gguf` being `model-q4_0:latest`. Two pulls of the same file share one download. Throws StatusError.
   */
  pull(source: ModelName | URL, options?: TransferOptions, signal?: AbortSignal): AsyncIterable<Progress>;
  /** Uploads a model to the registry that its name says: progress lines up to `success`. Throws StatusError. */
  push(name: ModelName, options?: TransferOptions, signal?: AbortSignal): AsyncIterable<Progress>;
}
