/** What an engine is to the server: messages in, deltas out. Nothing here speaks of HTTP. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import type { ModelConfig } from './store.ts';

/** A model as an engine gets it: the header, read and checked, and the bytes of the file. */
export interface ModelInfo {
  /** Shortest display form of the name, such as `smollm2:135m`. */
  readonly name: string;
  /** sha256 of the weights blob, `sha256:` and 64 hex digits; equal digests are equal weights. */
  readonly digest: string;
  readonly gguf: Gguf;
  readonly weights: ByteSource;
  /** Go template of the manifest, where there is one. */
  readonly template?: string;
  /** What the manifest says of the model besides: its family, and the names of Ollama's own renderer and parser for it. */
  readonly config?: Pick<ModelConfig, 'model_family' | 'renderer' | 'parser'>;
}

/** What an engine made of a model's weights and would have to be made again. A store keeps it beside them, and removes both. */
export interface Derived {
  /** @param digest of the weights blob */
  get(digest: string, form: string): Promise<Uint8Array | undefined>;
  /** In place of what is kept in another form. Keeps nothing if there are no such weights; rejects where there is no room. */
  put(digest: string, form: string, bytes: Uint8Array): Promise<void>;
}

export interface LoadOptions {
  /** Context window in tokens (`num_ctx`, already clamped to the trained context). */
  readonly contextLength: number;
}

/** Progress of a load, for pages that show it: kernels compiled, where they are new on the device, then bytes uploaded. */
export type LoadProgress = {
  readonly phase: 'compile' | 'upload';
  readonly completed: number;
  readonly total: number;
};

export interface Engine {
  readonly name: string;
  /** True if this engine can run the model's architecture and tensor types. */
  supports(model: ModelInfo): boolean;
  /**
   * What loading the model would take, in bytes, from the header alone.
   * `device` is memory of the GPU: weights, KV cache and scratch together.
   */
  estimate(model: ModelInfo, options: LoadOptions): { readonly device: number; readonly kvCache: number };
  /** Loads the weights. Throws StatusError when the model does not fit or is not supported. */
  load(
    model: ModelInfo,
    options: LoadOptions,
    signal?: AbortSignal,
    onProgress?: (progress: LoadProgress) => void,
  ): Promise<LoadedModel>;
}

/** A loaded model, which does one thing at a time: whoever has the lease on it sees to that. */
export interface LoadedModel extends AsyncDisposable {
  readonly info: ModelInfo;
  /** Context window in tokens. */
  readonly contextLength: number;
  /** Bytes on the GPU, counted, not guessed. */
  readonly bytes: number;
  /** Resolves when the model can be used no more by no fault of the caller (the device was lost). */
  readonly lost: Promise<string>;
  /**
   * The prompt that `chat` would run: the model's template over the messages, the oldest dropped while the prompt
   * does not fit the context (unless `truncate` is false). Throws StatusError if the template cannot be used.
   */
  render(request: RenderRequest): string;
  /** Renders, runs, and separates the text into content, thinking and tool calls. */
  chat(request: ChatRequest, signal?: AbortSignal): AsyncIterable<Delta>;
  /** Runs a prompt as it stands; calls of tools come with the last delta. */
  complete(request: CompleteRequest, signal?: AbortSignal): AsyncIterable<Delta>;
  /**
   * One vector for each text, pooled and not normalised. Throws StatusError: 501 for a model that makes none, 400 for a text that is
   * too long where `truncate` is false, and for one that cannot be cut.
   */
  embed(inputs: readonly string[], options?: EmbedOptions, signal?: AbortSignal): Promise<Embeddings>;
  /** Token ids of a text and nothing else. `special`: control tokens written in the text are recognised. */
  tokenize(text: string, special?: boolean): number[];
  /** The text of token ids, control tokens left out unless `special`. */
  detokenize(tokens: readonly number[], special?: boolean): string;
}

export interface EmbedOptions {
  /** False: a text beyond the context is an error instead of being cut. Default true. */
  readonly truncate?: boolean;
  /** Tokens that a text may have, where that is less than the context. With 0 a longer text than the context is not cut but an error. */
  readonly numCtx?: number;
}

export interface Embeddings {
  /** [text][width] */
  readonly vectors: readonly Float32Array<ArrayBuffer>[];
  /** Tokens of all texts as they were run, those included that the model adds. */
  readonly promptTokens: number;
}

export interface Message {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly images?: readonly string[];
  readonly tool_calls?: readonly ToolCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

export interface ToolCall {
  readonly id?: string;
  readonly function: {
    readonly index?: number;
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  };
}

/** Everything that decides what text comes out, resolved: request over model parameters over defaults. */
export interface SamplingOptions {
  /** New tokens at most; already bounded (10 × context), never negative. */
  readonly numPredict: number;
  /** Prompt tokens that a context shift keeps. */
  readonly numKeep: number;
  /** Integer ≥ 0; the server draws one where the request has none. */
  readonly seed: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly typicalP: number;
  readonly repeatLastN: number;
  readonly repeatPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly stop: readonly string[];
}

export interface RenderRequest {
  readonly messages: readonly Message[];
  readonly tools?: readonly unknown[];
  /** `true`, `false`, a level, or absent. */
  readonly think?: boolean | string;
  /** False: messages are never dropped. Default true. */
  readonly truncate?: boolean;
  /** A Go template in place of the model's own; no message is dropped then. */
  readonly template?: string;
  /** They are a prompt, not a chat: without any template it is passed on alone. */
  readonly isPrompt?: boolean;
  /** What comes after a text to be filled in; the content of the last message is what comes before it. */
  readonly suffix?: string;
}

export interface GenerationRequest {
  readonly options: SamplingOptions;
  /** Keep going past a full context by dropping old tokens. Default true. */
  readonly shift?: boolean;
  /** False: a prompt beyond the context is an error instead of being cut. Default true. */
  readonly truncate?: boolean;
  /**
   * What the content has to be: `json` for any JSON object, or the text of a JSON Schema. One that cannot be enforced is a StatusError
   * 400 that names the place in it.
   */
  readonly format?: string;
  /** Number of alternatives to report per token; absent: no logprobs at all. */
  readonly topLogprobs?: number;
}

export interface ChatRequest extends RenderRequest, GenerationRequest {
  /** What `render` makes of it, where that has been made. */
  readonly prompt?: string;
}

export interface CompleteRequest extends GenerationRequest {
  readonly prompt: string;
  /** As in `RenderRequest`: thoughts are separated where the model's Go template tells how. */
  readonly think?: boolean | string;
  /** The prompt is not the template's. */
  readonly raw?: boolean;
}

export interface TokenLogprob {
  readonly token: string;
  /** Natural logarithm, from the softmax over the unmodified logits. */
  readonly logprob: number;
  readonly bytes?: readonly number[];
  readonly top_logprobs?: readonly TokenLogprob[];
}

/** One step of an answer. Exactly one delta has `done`, and it is the last. */
export interface Delta {
  readonly content?: string;
  /** The text as the model said it, where other fields are what was made of it. */
  readonly raw?: string;
  readonly thinking?: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly logprobs?: readonly TokenLogprob[];
  readonly done?: 'stop' | 'length';
  readonly stats?: Stats;
}

/** True figures of one answer; durations in nanoseconds, never 0. */
export interface Stats {
  /** All tokens of the prompt, those found in the KV cache included. */
  readonly promptTokens: number;
  /** Of these, tokens that were found in the KV cache. */
  readonly cachedTokens: number;
  readonly promptNs: number;
  /** Tokens generated. */
  readonly tokens: number;
  readonly evalNs: number;
}
