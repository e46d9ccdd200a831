/** A model that makes vectors of texts, as the server sees it: texts that are too long are cut as Ollama cuts them. */
import { type EmbedOptions, type LoadedModel, type ModelInfo, StatusError } from '@tabllama/api';
import type { Embedder } from '@tabllama/models';
import type { Tokenizer } from '@tabllama/tokenizer';
import { lossGraceMs } from './session.ts';

export function createLoadedEmbedder(info: ModelInfo, tokenizer: Tokenizer, embedder: Embedder): LoadedModel {
  const { contextLength } = embedder;
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  void embedder.lost.then(reason => ended.reject(new StatusError(500, reason)));
  const refuse = (): never => {
    throw new StatusError(400, `"${info.name}" does not support generate`);
  };
  return {
    info,
    contextLength,
    bytes: embedder.bytes,
    lost: embedder.lost,
    render: refuse,
    chat: refuse,
    complete: refuse,
    async embed(inputs, options = {}, signal) {
      const texts = inputs.map(text => fitText(tokenizer, text, contextLength, options));
      const running = embedder.embed(texts, signal).catch(async error => {
        const grace = new Promise(resolve => setTimeout(resolve, lossGraceMs));
        if (!signal?.aborted) await Promise.race([ended.promise, grace]);
        throw error;
      });
      const vectors = await Promise.race([ended.promise, running]);
      return { vectors, promptTokens: texts.reduce((sum, { length }) => sum + length, 0) };
    },
    tokenize: (text, special = false) => tokenizer.encode(text, { special }),
    detokenize: (tokens, special = false) => tokenizer.decode(tokens, { special }),
    async [Symbol.asyncDispose]() {
      ended.reject(new StatusError(500, `the model "${info.name}" was unloaded`));
      await embedder[Symbol.asyncDispose]();
    },
  };
}

/**
 * Tokens of a text, as many as the context holds. What is cut off is cut from the tokens, and the rest is read anew as text, as Ollama
 * does it. Throws StatusError 400 for a text that is too long and may not, or cannot, be cut, and for one that has no tokens.
 */
export function fitText(
  tokenizer: Tokenizer,
  text: string,
  contextLength: number,
  { truncate = true, numCtx = contextLength }: EmbedOptions,
): readonly number[] {
  const context = numCtx > 0 ? Math.min(numCtx, contextLength) : contextLength;
  const limit = context - tokenizer.encode('', { addSpecial: true }).length;
  if (limit <= 0) throw new StatusError(400, 'input after truncation exceeds maximum context length');
  let before = numCtx > 0 ? Number.POSITIVE_INFINITY : 0; // what to cut to is not known, then
  for (let kept = text; ; ) {
    const tokens = tokenizer.encode(kept, { special: true });
    if (tokens.length <= limit) {
      const all = tokenizer.encode(kept, { special: true, addSpecial: true });
      if (all.length === 0) throw new StatusError(400, 'Input content cannot be empty');
      return all;
    }
    if (!truncate) throw new StatusError(400, 'the input length exceeds the context length');
    if (tokens.length >= before) {
      throw new StatusError(400, 'input exceeds maximum context length and cannot be truncated further');
    }
    before = tokens.length;
    kept = tokenizer.decode(tokens.slice(0, limit), { special: true });
  }
}
