/** The WebGPU engine as the server sees it. What runs the tokens is given to it, so that Node's tests run on the reference ops. */
import { type Engine, type LoadOptions, type LoadProgress, StatusError } from '@tabllama/api';
import type { ByteSource, Gguf } from '@tabllama/gguf';
import { ModelError, type Runner } from '@tabllama/models';
import { createTokenizer, TokenizerError } from '@tabllama/tokenizer';
import { createLoadedModel } from './loaded-model.ts';

export interface EngineOptions {
  /** Loads the weights. Throws ModelError for a model that cannot be run, StatusError for one that does not fit. */
  openRunner(
    gguf: Gguf,
    weights: ByteSource,
    options: LoadOptions,
    signal?: AbortSignal,
    onProgress?: (progress: LoadProgress) => void,
  ): Promise<Runner>;
  /** Bytes on the device, from the header alone. Throws ModelError for a model that cannot be run. */
  estimate(gguf: Gguf, options: LoadOptions): { readonly device: number; readonly kvCache: number };
}

export function createEngine({ openRunner, estimate }: EngineOptions): Engine {
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
        return estimate(gguf, options);
      } catch (error) {
        throw asStatusError(error);
      }
    },
    async load(info, options, signal, onProgress) {
      try {
        const tokenizer = createTokenizer(info.gguf.metadata);
        const runner = await openRunner(info.gguf, info.weights, options, signal, onProgress);
        if (runner.vocabSize === tokenizer.vocabSize) return createLoadedModel(info, tokenizer, runner);
        await runner[Symbol.asyncDispose]();
        throw new ModelError(
          `token_embd.weight has ${runner.vocabSize} rows for ${tokenizer.vocabSize} tokens in tokenizer.ggml.tokens`,
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
