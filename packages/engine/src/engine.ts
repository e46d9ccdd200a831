/** The WebGPU engine as the server sees it. What runs the tokens is given to it, so that Node's tests run on the reference ops. */
import { type Derived, type Engine, type LoadOptions, type LoadProgress, StatusError } from '@tabllama/api';
import type { ByteSource, Gguf } from '@tabllama/gguf';
import { type Embedder, ModelError, type Runner, readPooling } from '@tabllama/models';
import { createTokenizer, type Tokenizer, TokenizerError } from '@tabllama/tokenizer';
import { createLoadedEmbedder } from './loaded-embedder.ts';
import { createLoadedModel } from './loaded-model.ts';

/** Loads the weights. Throws ModelError for a model that cannot be run, StatusError for one that does not fit. */
export type Open<T> = (
  gguf: Gguf,
  weights: ByteSource,
  options: LoadOptions,
  signal?: AbortSignal,
  onProgress?: (progress: LoadProgress) => void,
) => Promise<T>;

export interface EngineOptions {
  readonly openRunner: Open<Runner>;
  /** For models that say how their vectors are pooled. */
  readonly openEmbedder: Open<Embedder>;
  /** Bytes on the device, from the header alone. Throws ModelError for a model that cannot be run. */
  estimate(gguf: Gguf, options: LoadOptions): { readonly device: number; readonly kvCache: number };
  /** The window of a model that generates is a multiple of so many tokens, the next that holds what was asked for. Default 1. */
  readonly windowStep?: number;
  /** Where to keep what is made of a model's weights. Default: nowhere. */
  readonly derived?: Derived;
}

export function createEngine({
  openRunner,
  openEmbedder,
  estimate,
  windowStep = 1,
  derived,
}: EngineOptions): Engine {
  /** Of models that were loaded before, as long as their headers are known. */
  const tokenizers = new WeakMap<Gguf, Tokenizer>();
  const windowOf = (gguf: Gguf, options: LoadOptions): LoadOptions =>
    readPooling(gguf)
      ? options
      : { ...options, contextLength: Math.ceil(options.contextLength / windowStep) * windowStep };
  return {
    name: 'webgpu',
    supports({ gguf }) {
      try {
        estimate(gguf, { contextLength: 1 });
        return true;
      } catch (error) {
        if (error instanceof ModelError) return false;
        throw error;
      }
    },
    estimate({ gguf }, options) {
      try {
        return estimate(gguf, windowOf(gguf, options));
      } catch (error) {
        throw asStatusError(error);
      }
    },
    async load(info, options, signal, onProgress) {
      const { gguf, weights } = info;
      try {
        const tokenizer = tokenizers.get(gguf) ?? createTokenizer(gguf.metadata);
        tokenizers.set(gguf, tokenizer);
        const open = readPooling(gguf) ? openEmbedder : openRunner;
        const opened = await open(gguf, weights, windowOf(gguf, options), signal, onProgress);
        if (opened.vocabSize === tokenizer.vocabSize) {
          return 'embed' in opened
            ? createLoadedEmbedder(info, tokenizer, opened)
            : createLoadedModel(info, tokenizer, opened, { contextLength: options.contextLength, derived });
        }
        await opened[Symbol.asyncDispose]();
        throw new ModelError(
          `token_embd.weight has ${opened.vocabSize} rows for ${tokenizer.vocabSize} tokens in tokenizer.ggml.tokens`,
        );
      } catch (error) {
        throw asStatusError(error);
      }
    },
  };
}

/** Ollama answers 500 for a model that it cannot load. */
const asStatusError = (error: unknown): unknown =>
  error instanceof ModelError || error instanceof TokenizerError
    ? new StatusError(500, `unable to load model: ${error.message}`, { cause: error })
    : error;
