/** A model in use: what the server asks of it, one generation at a time. */
import {
  type ChatRequest,
  type CompleteRequest,
  type Delta,
  type LoadedModel,
  type ModelInfo,
  type RenderRequest,
  StatusError,
} from '@tabllama/api';
import { createCompletionParser, createOutputParser, type OutputParser, TemplateError } from '@tabllama/chat';
import { compileSchema, createMatcher, GrammarError, type Vocabulary } from '@tabllama/grammar';
import type { Runner } from '@tabllama/models';
import type { Tokenizer } from '@tabllama/tokenizer';
import { type OpenedTemplate, openTemplate, renderPrompt } from './chat-prompt.ts';
import { findContent } from './content-start.ts';
import { generate } from './generate.ts';
import { createGuide, type Guide } from './guide.ts';
import { Session } from './session.ts';
import { vocabularyOf } from './vocabulary.ts';

/** `contextLength` is what was asked for; the runner's window may be larger. */
export function createLoadedModel(
  info: ModelInfo,
  tokenizer: Tokenizer,
  runner: Runner,
  contextLength: number,
): LoadedModel {
  const session = new Session(runner);
  const encode = (text: string) => tokenizer.encode(text, { special: true, addSpecial: true });
  // opened at the first chat: a template that cannot be used is no hindrance to raw prompts
  let opened: OpenedTemplate | undefined;
  const template = () => {
    opened ??= openTemplate(info, tokenizer);
    return opened;
  };
  const render = (request: RenderRequest) => {
    try {
      return renderPrompt(template(), request, contextLength, prompt => encode(prompt).length);
    } catch (error) {
      if (error instanceof TemplateError) throw new StatusError(500, error.message, { cause: error });
      throw error;
    }
  };

  // made at the first request with a format
  let vocabulary: Vocabulary | undefined;
  const guideBy = (format: string, begins?: (piece: string) => number | undefined): Guide => {
    vocabulary ??= vocabularyOf(tokenizer);
    try {
      // closed, as Ollama's grammars are
      const matcher = createMatcher(compileSchema(format, { closed: true }), vocabulary);
      return createGuide({ tokenizer, vocabulary, matcher, begins });
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      throw new StatusError(400, `format: ${error.message}`, { cause: error });
    }
  };

  // the KV cache is one: a second generation waits for the first
  let turn: Promise<void> = Promise.resolve();
  async function* inTurn(deltas: AsyncIterable<Delta>): AsyncGenerator<Delta, void, undefined> {
    const before = turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    turn = promise;
    try {
      await before;
      yield* deltas;
    } finally {
      resolve();
    }
  }

  async function* chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<Delta, void, undefined> {
    const prompt = render(request);
    const createParser = () => createOutputParser(template().choice, { prompt, think: request.think });
    const thinks = request.think !== false && !createParser().inContent;
    const guide = request.format
      ? guideBy(request.format, thinks ? findContent(createParser()) : undefined)
      : undefined;
    let parser: OutputParser | undefined = createParser();
    for await (const delta of generate(
      session,
      tokenizer,
      encode(prompt),
      { ...request, guide, contextLength },
      signal,
    )) {
      const { content = '', isGuided, logprobs, done } = delta;
      if (isGuided && parser) {
        // the format begins anew with the content, so what the parser withholds is none
        const { thinking } = parser.end();
        if (thinking) yield { thinking };
        parser = undefined;
      }
      const parsed = !parser ? { content } : done ? parser.end() : parser.push(content);
      if (parsed.content || parsed.thinking || logprobs) yield { ...parsed, logprobs };
      if (done) yield delta;
    }
  }

  async function* complete(
    request: CompleteRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<Delta, void, undefined> {
    const { prompt, think, format } = request;
    const guide = format ? guideBy(format) : undefined;
    const answer = generate(session, tokenizer, encode(prompt), { ...request, guide, contextLength }, signal);
    if (!think) return yield* answer;
    const parser = createCompletionParser(template().choice, { prompt, think });
    for await (const delta of answer) {
      const parsed = delta.done ? parser.end() : parser.push(delta.content ?? '');
      yield { ...delta, content: undefined, raw: delta.content, ...parsed };
    }
  }

  return {
    info,
    contextLength,
    bytes: runner.bytes,
    lost: runner.lost,
    render,
    chat: (request, signal) => inTurn(chat(request, signal)),
    complete: (request, signal) => inTurn(complete(request, signal)),
    async embed() {
      throw new StatusError(501, 'This server does not support embeddings. Start it with `--embeddings`');
    },
    tokenize: (text, special = false) => tokenizer.encode(text, { special }),
    detokenize(tokens, special = false) {
      try {
        return tokenizer.decode(tokens, { special });
      } catch (error) {
        if (error instanceof RangeError) throw new StatusError(400, error.message, { cause: error });
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      session.end(new StatusError(500, `the model "${info.name}" was unloaded`));
      await runner[Symbol.asyncDispose]();
    },
  };
}
