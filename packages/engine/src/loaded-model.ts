/** A model in use: what the server asks of it, one generation at a time. */
import {
  type ChatRequest,
  type CompleteRequest,
  type Delta,
  type Derived,
  type LoadedModel,
  type ModelInfo,
  type RenderRequest,
  type SamplingOptions,
  StatusError,
  type ToolCall,
} from '@tabllama/api';
import {
  createCompletionParser,
  createOutputParser,
  OutputError,
  type OutputParser,
  type ParsedText,
  TemplateError,
} from '@tabllama/chat';
import type { Runner } from '@tabllama/models';
import type { Tokenizer } from '@tabllama/tokenizer';
import { callBoundsOf, formatBounds } from './bounds.ts';
import { type OpenedTemplate, openTemplate, renderPrompt } from './chat-prompt.ts';
import { generate, type TextDelta } from './generate.ts';
import { createGuide } from './guide.ts';
import { Session } from './session.ts';
import { type ModelTokens, openTokens } from './vocabulary.ts';
import { createWatcher } from './watcher.ts';

export interface LoadedModelOptions {
  /** What was asked for; the runner's window may be larger. */
  readonly contextLength: number;
  readonly derived?: Derived;
}

export function createLoadedModel(
  info: ModelInfo,
  tokenizer: Tokenizer,
  runner: Runner,
  { contextLength, derived }: LoadedModelOptions,
): LoadedModel {
  const session = new Session(runner);
  const encode = (text: string) => tokenizer.encode(text, { special: true, addSpecial: true });
  const keepsBos = saysBos(info);
  // of prompts that Ollama has made itself
  const encodeMade = (prompt: string) => encode(keepsBos ? prompt.replace(/^<bos>/, '') : prompt);
  // opened at the first chat: a template that cannot be used is no hindrance to raw prompts
  let opened: OpenedTemplate | undefined;
  const template = () => {
    opened ??= openTemplate(info, tokenizer);
    return opened;
  };
  // as in Ollama, what the tokenizer adds by itself is not counted where messages have to fit
  const countTokens = (prompt: string) => tokenizer.encode(prompt, { special: true }).length;
  const render = (request: RenderRequest) => {
    try {
      return renderPrompt(template(), request, contextLength, countTokens);
    } catch (error) {
      if (error instanceof TemplateError) throw new StatusError(500, error.message, { cause: error });
      throw error;
    }
  };

  // opened at the first request with a format or tools
  let tokens: ModelTokens | undefined;
  const modelTokens = async () => {
    tokens ??= await openTokens(tokenizer, info.digest, derived);
    return tokens;
  };

  async function* chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<Delta, void, undefined> {
    const { prompt = render(request) } = request;
    const createParser = () => createOutputParser(template().choice, { ...request, prompt });
    let parser: OutputParser | undefined = createParser();
    const { marks, inContent, shapes = [] } = parser;
    const thinks = request.think !== false && !inContent;
    const format = request.format ? formatBounds(request.format, await modelTokens()) : undefined;
    // where a format binds the whole answer, no tool is called
    const watched = (format ? thinks : shapes.length > 0) ? createParser() : undefined;
    const guide =
      format || watched
        ? createGuide({
            tokenizer,
            format,
            marks,
            watcher: watched && createWatcher(watched, format !== undefined),
            callBounds: watched && (await callBoundsOf(watched, request.tools, await modelTokens())),
          })
        : undefined;
    // llama.cpp's server, which Ollama leaves chats by Jinja to, cuts no prompt, lets an answer run on, and repeats its beginning
    const { isNative } = template().choice;
    const options = isNative
      ? { ...request, truncate: false, contextLength, guide, marks }
      : { ...asMade(request), contextLength, guide, marks, endsRepeats: true, keepsBos };
    const last = request.messages.at(-1);
    const begun = isNative && last?.role === 'assistant' ? last.content : '';
    const deltas = following(
      begun,
      generate(session, tokenizer, isNative ? encode(prompt) : encodeMade(prompt), options, signal),
    );
    for await (const delta of deltas) {
      const { isGuided, logprobs, done, stats } = delta;
      if (isGuided && parser) {
        // the format begins anew with the content, so what the parser withholds is none
        const { thinking } = parser.end();
        if (thinking) yield { thinking };
        parser = undefined;
      }
      const { isSilent, ...said } = parser ? parse(parser, delta) : { content: delta.content };
      if (done) yield { ...said, done, stats };
      else if (said.content || said.thinking || said.toolCalls || (logprobs && !isSilent)) {
        yield { ...said, logprobs };
      }
    }
  }

  async function* complete(
    request: CompleteRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<Delta, void, undefined> {
    const { prompt, think, format } = request;
    // a template that cannot be used is no hindrance to a raw prompt
    const parser = think || !request.raw ? createCompletionParser(template().choice, request) : undefined;
    const marks = parser?.marks;
    const guide = format
      ? createGuide({ tokenizer, format: formatBounds(format, await modelTokens()), marks })
      : undefined;
    const toolCalls: ToolCall[] = [];
    let raw = '';
    const options = { ...asMade(request), contextLength, guide, marks, endsRepeats: true, keepsBos };
    for await (const delta of generate(session, tokenizer, encodeMade(prompt), options, signal)) {
      if (!parser) {
        yield delta;
        continue;
      }
      const { logprobs, done, stats } = delta;
      const said = parse(parser, delta);
      toolCalls.push(...(said.toolCalls ?? []));
      raw += delta.content ?? '';
      // as in Ollama, a parser that goes by marks is silent while it waits, the other is not
      if (marks && !said.content && !said.thinking && !logprobs && !done) continue;
      const { content, thinking } = said;
      yield { content, thinking, raw, logprobs, done, stats, toolCalls: done && toolCalls };
      raw = '';
    }
  }

  return {
    info,
    contextLength,
    bytes: runner.bytes,
    lost: runner.lost,
    render,
    chat,
    complete,
    async embed() {
      throw new StatusError(501, 'This server does not support embeddings. Start it with `--embeddings`');
    },
    tokenize: (text, special = false) => tokenizer.encode(text, { special }),
    detokenize(tokens, special = false) {
      // as tokens that follow others: llama.cpp's server keeps the space that SentencePiece puts before a text
      const decoder = tokenizer.decoder({ special });
      try {
        return tokens.map(decoder.push).join('') + decoder.end();
      } catch (error) {
        if (error instanceof RangeError) throw new StatusError(500, error.message, { cause: error });
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      session.end(new StatusError(500, `the model "${info.name}" was unloaded`));
      await runner[Symbol.asyncDispose]();
    },
  };
}

/** Whether Ollama takes the tokenizer for one that adds a BOS: by what the file says, not by what is usual for its kind. */
function saysBos({ gguf: { metadata } }: ModelInfo): boolean {
  const [pre, model] = ['pre', 'model'].map(key => metadata.get(`tokenizer.ggml.${key}`));
  if (pre === 'lfm2' || pre === 'gemma4' || model === 'gemma4') return true;
  return metadata.get('tokenizer.ggml.add_bos_token') === true;
}

/** As Ollama asks for the completion of a prompt: a `typical_p` of 0 is none. */
const asMade = <R extends { readonly options: SamplingOptions }>(request: R): R => ({
  ...request,
  options: { ...request.options, typicalP: request.options.typicalP || 1 },
});

/** The deltas, and a text before what the first of them says. */
async function* following(
  begun: string,
  deltas: AsyncIterable<TextDelta>,
): AsyncGenerator<TextDelta, void, undefined> {
  let before = begun;
  for await (const delta of deltas) {
    if (before && delta.done) yield { content: before };
    yield before && !delta.done ? { ...delta, content: before + (delta.content ?? '') } : delta;
    before = '';
  }
}

/** What a parser makes of a delta. Throws StatusError 500 for a text that does not keep to its format. */
function parse(parser: OutputParser, { content = '', done }: Delta): Delta & Pick<ParsedText, 'isSilent'> {
  try {
    const { calls, ...said } = done ? parser.end() : parser.push(content);
    const toolCalls = calls?.map(({ id, name, arguments: args }) => ({
      id,
      function: { name, arguments: args },
    }));
    return toolCalls ? { ...said, toolCalls } : said;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    throw new StatusError(500, error.message, { cause: error });
  }
}
