/** The token loop: a prompt's tokens in, deltas of plain text out. It knows nothing of messages, templates or thinking. */
import { type Delta, type GenerationRequest, StatusError, type TokenLogprob } from '@tabllama/api';
import { createStopMatcher } from '@tabllama/chat';
import type { Chain } from '@tabllama/kernels';
import type { Tokenizer } from '@tabllama/tokenizer';
import { fitPrompt, shiftTokens } from './context-window.ts';
import { createLogprobs } from './logprobs.ts';
import { createSampler, type Sampler } from './sampler.ts';
import type { Session } from './session.ts';

/** One chosen token. */
interface Step {
  readonly token: number;
  readonly logprob?: TokenLogprob;
}

/**
 * Runs a prompt and generates: one delta per token that completes some text (with logprobs: one per token), then one with `done`.
 * Throws StatusError 400 for a prompt that does not fit and may not be cut, 500 for a lost device, and the signal's reason.
 */
export async function* generate(
  session: Session,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  request: GenerationRequest,
  signal?: AbortSignal,
): AsyncGenerator<Delta, void, undefined> {
  const { options } = request;
  const keep = options.numKeep < 0 ? prompt.length : options.numKeep + (tokenizer.addBos ? 1 : 0);
  const fitting = fitPrompt(prompt, session.contextLength, keep, request);
  if (fitting.length === 0) throw new StatusError(400, 'the prompt is empty');
  const decoder = tokenizer.decoder();
  const stops = createStopMatcher(options.stop);
  let done: 'stop' | 'length' = 'length';
  let tokens = 0;

  signal?.throwIfAborted();
  const started = performance.now();
  const cachedTokens = await session.sync(fitting, signal);
  let promptDone = started;
  for await (const { token, logprob } of steps(session, tokenizer, fitting, keep, request, signal)) {
    signal?.throwIfAborted();
    // the prompt's time ends with the first token, as in llama.cpp's server: only then has the device surely run it
    if (tokens++ === 0) promptDone = performance.now();
    if (tokenizer.isEndOfGeneration(token)) {
      done = 'stop';
      break;
    }
    const found = stops.push(decoder.push(token));
    if (found.text || logprob) yield { content: found.text, ...(logprob && { logprobs: [logprob] }) };
    if (found.stopped) {
      done = 'stop';
      break;
    }
    if (tokens >= options.numPredict) break;
  }
  // a character that was not finished is dropped with the decoder, as Ollama does
  const content = stops.end();
  if (content) yield { content };
  const stats = {
    promptTokens: fitting.length,
    cachedTokens,
    promptNs: nanoseconds(promptDone - started),
    tokens,
    evalNs: nanoseconds(performance.now() - promptDone),
  };
  yield { done, stats };
}

/** The tokens of an answer, without end; with `shift: false` until the cache is full. */
async function* steps(
  session: Session,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  keep: number,
  request: GenerationRequest,
  signal?: AbortSignal,
): AsyncGenerator<Step, void, undefined> {
  const { options, topLogprobs } = request;
  const { vocabSize, contextLength } = session;
  const sampler = createSampler(vocabSize, contextLength, options);
  for (const token of prompt) sampler.accept(token);
  const logprobOf = topLogprobs === undefined ? undefined : createLogprobs(tokenizer, vocabSize, topLogprobs);
  for (;;) {
    let last: number | undefined;
    const chain = logprobOf ? undefined : sampler.chain();
    const untilFull = chain ? chosenAhead(session, sampler, chain) : sampled(session, sampler, logprobOf);
    for await (const step of untilFull) {
      yield step;
      last = step.token;
    }
    if (request.shift === false || last === undefined) return;
    const shifted = shiftTokens(session.tokens, session.contextLength, keep);
    await session.sync([...shifted, last], signal);
  }
}

/** The device chooses, and does not wait for the host. */
async function* chosenAhead(
  session: Session,
  sampler: Sampler,
  chain: Chain,
): AsyncGenerator<Step, void, undefined> {
  for await (const token of session.sample(chain)) {
    sampler.follow(token);
    yield { token };
  }
}

/** The host chooses from the logits of every step. */
async function* sampled(
  session: Session,
  sampler: Sampler,
  logprobOf?: (logits: Float32Array, token: number) => TokenLogprob,
): AsyncGenerator<Step, void, undefined> {
  let logits = await session.logits();
  for (;;) {
    const token = sampler.sample(logits);
    sampler.accept(token);
    yield { token, logprob: logprobOf?.(logits, token) };
    if (session.isFull) return;
    logits = await session.decode(token);
  }
}

/** Whole nanoseconds, at least 1: a coarse clock may see no time pass. */
const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * 1e6));
