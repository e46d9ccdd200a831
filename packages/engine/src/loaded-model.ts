/** A model in use: what the server asks of it, one generation at a time. */
import {
  type ChatRequest,
  type Delta,
  type LoadedModel,
  type ModelInfo,
  type RenderRequest,
  StatusError,
} from '@tabllama/api';
import { type ChatTemplate, createOutputParser, opensThinking, TemplateError } from '@tabllama/chat';
import type { Runner } from '@tabllama/models';
import type { Tokenizer } from '@tabllama/tokenizer';
import { openTemplate, renderPrompt } from './chat-prompt.ts';
import { generate } from './generate.ts';
import { Session } from './session.ts';

export function createLoadedModel(info: ModelInfo, tokenizer: Tokenizer, runner: Runner): LoadedModel {
  const { contextLength } = runner;
  const session = new Session(runner);
  const encode = (text: string) => tokenizer.encode(text, { special: true, addSpecial: true });
  // opened at the first chat: a template that cannot be used is no hindrance to raw prompts
  let opened: ChatTemplate | undefined;
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
    const parser = createOutputParser({
      thinking: template().supportsThinking,
      opened: opensThinking(prompt),
    });
    for await (const delta of generate(session, tokenizer, encode(prompt), request, signal)) {
      const { content, thinking } = delta.done ? parser.end() : parser.push(delta.content ?? '');
      if (content || thinking || delta.logprobs) yield { content, thinking, logprobs: delta.logprobs };
      if (delta.done) yield delta;
    }
  }

  return {
    info,
    contextLength,
    bytes: runner.bytes,
    lost: runner.lost,
    render,
    chat: (request, signal) => inTurn(chat(request, signal)),
    complete: (request, signal) =>
      inTurn(generate(session, tokenizer, encode(request.prompt), request, signal)),
    async embed() {
      throw new StatusError(501, 'This server does not support embeddings. Start it with `--embeddings`');
    },
    tokenize: (text, special = false) => tokenizer.encode(text, { special, addSpecial: true }),
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
