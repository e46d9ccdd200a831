/** The token loop: a prompt's tokens in, deltas of plain text out. It knows nothing of messages, templates or thinking. */
import { type Delta, type GenerationRequest, runnerError, StatusError } from '@tabllama/api';
import { createStopMatcher } from '@tabllama/chat';
import type { Chain, Mask } from '@tabllama/kernels';
import type { Tokenizer } from '@tabllama/tokenizer';
import { fitPrompt, shiftTokens } from './context-window.ts';
import type { Guide } from './guide.ts';
import { createLogprobs, type Probability, spokenAs } from './logprobs.ts';
import { createRepeatGuard } from './repeat-guard.ts';
import { createSampler, type Sampler } from './sampler.ts';
import type { Session } from './session.ts';

export interface TextDelta extends Delta {
  /** Its text is bound by the format: it is content as it stands. */
  readonly isGuided?: boolean;
}

/** One token of the answer, chosen or forced. */
interface Step {
  readonly token: number;
  readonly logprob?: Probability;
}

export interface GenerateOptions extends GenerationRequest {
  /** What was asked for, in tokens, of a window that may be larger. */
  readonly contextLength: number;
  /** Of the request's format and tools. */
  readonly guide?: Guide;
  /** Texts of control tokens that are to be seen. */
  readonly marks?: readonly string[];
  /** Ends an answer that says the same over and over, where no format binds it. */
  readonly endsRepeats?: boolean;
  /** Whether a BOS is kept beside `numKeep` where a prompt is cut. Absent: where the tokenizer adds one. */
  readonly keepsBos?: boolean;
}

interface GuidedStep extends Step {
  readonly isGuided: boolean;
}

/**
 * Runs a prompt and generates: one delta per token that completes some text, then one with `done`.
 * Throws StatusError 400 for a prompt that does not fit and may not be cut, 500 for a lost device, and the signal's reason.
 */
export async function* generate(
  session: Session,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  request: GenerateOptions,
  signal?: AbortSignal,
): AsyncGenerator<TextDelta, void, undefined> {
  const { options, guide, marks, contextLength } = request;
  const kept = (bos: boolean) => (options.numKeep < 0 ? prompt.length : options.numKeep + (bos ? 1 : 0));
  const keep = kept(tokenizer.addBos);
  const keepWhenCut = kept(request.keepsBos ?? tokenizer.addBos);
  const fitting = fitPrompt(prompt, contextLength, keepWhenCut, request, session.contextLength);
  if (fitting.length === 0) throw new StatusError(400, 'the prompt is empty');
  if (options.repeatPenalty <= 0) {
    throw runnerError(400, 'Failed to initialize samplers: penalty_repeat must be finite and greater than 0');
  }
  let decoder = tokenizer.decoder({ special: marks });
  let stops = createStopMatcher(options.stop);
  const isRepeat = createRepeatGuard();
  let wasGuided = guide?.isFormat ?? false;
  let ended = false;
  let tokens = 0;
  let probability: Probability | undefined;
  const said = (content: string): TextDelta => ({
    content,
    isGuided: wasGuided,
    ...(probability && { logprobs: [spokenAs(content, probability)] }),
  });

  signal?.throwIfAborted();
  const started = performance.now();
  const cachedTokens = await session.sync(fitting, signal);
  let promptDone = started;
  for await (const step of steps(session, tokenizer, fitting, keep, request, signal)) {
    const { token, isGuided } = step;
    signal?.throwIfAborted();
    // the prompt's time ends with the first token, as in llama.cpp's server: only then has the device surely run it
    if (tokens++ === 0) promptDone = performance.now();
    if (isGuided && !wasGuided) {
      // what is withheld belongs to the text before
      const content = stops.end();
      if (content) yield said(content);
      [decoder, stops] = [tokenizer.decoder({ special: marks }), createStopMatcher(options.stop)];
    }
    wasGuided = isGuided;
    probability = step.logprob;
    ended = tokenizer.isEndOfGeneration(token);
    if (ended) break;
    const found = stops.push(decoder.push(token));
    ended = request.endsRepeats === true && !isGuided && isRepeat(found.text);
    if (ended) break;
    if (found.text) yield said(found.text);
    ended = found.stopped;
    if (ended || guide?.isComplete || tokens >= options.numPredict) break;
  }
  // dropped as in llama.cpp's server: a character that was not finished, and at a limit what may have become a stop sequence
  const content = ended || guide?.isComplete ? stops.end() : '';
  if (content) yield said(content);
  // the token that ends a format is the only one left, so that it is not even chosen; it counts all the same
  const isSaid = !ended && guide?.isComplete === true;
  const stats = {
    promptTokens: fitting.length,
    cachedTokens,
    promptNs: nanoseconds(promptDone - started),
    tokens: isSaid ? Math.min(tokens + 1, options.numPredict) : tokens,
    evalNs: nanoseconds(performance.now() - promptDone),
  };
  yield { done: ended || isSaid ? 'stop' : 'length', stats };
}

/** The tokens of an answer, without end unless the guide knows one; with `shift: false` until the cache is full. */
async function* steps(
  session: Session,
  tokenizer: Tokenizer,
  prompt: readonly number[],
  keep: number,
  request: GenerationRequest & { readonly guide?: Guide },
  signal?: AbortSignal,
): AsyncGenerator<GuidedStep, void, undefined> {
  const { options, topLogprobs, guide } = request;
  const { vocabSize, contextLength } = session;
  const sampler = createSampler(vocabSize, contextLength, options);
  const logprobOf = topLogprobs === undefined ? undefined : createLogprobs(tokenizer, vocabSize, topLogprobs);
  for (const token of prompt) sampler.accept(token);
  let sequence = [...prompt];
  const use = (token: number) => {
    sequence.push(token);
    sampler.accept(token);
  };
  // tokens that follow without a choice
  const given: number[] = [];
  for (;;) {
    const isOn = guide?.isOn ?? false;
    const isGuided = guide?.isFormat ?? false;
    // they run as one batch, unless the logits before each are asked for
    while (!logprobOf && given.length > 0 && sequence.length < contextLength) {
      const token = given.shift()!;
      use(token);
      yield { token, isGuided };
    }
    if (sequence.length >= contextLength) {
      if (request.shift === false) return;
      const last = sequence.at(-1)!;
      sequence = [...shiftTokens(sequence.slice(0, -1), contextLength, keep), last];
      if (given.length > 0) continue;
    }
    await session.sync(sequence, signal);
    const mask = isOn ? guide?.mask : undefined;
    const chain = logprobOf ? undefined : sampler.chain(mask);
    const chosen = chain
      ? chosenAhead(session, sampler, chain)
      : sampled(session, sampler, { mask, given, logprobOf });
    for await (const step of chosen) {
      const instead = isOn ? undefined : guide?.instead(step.token);
      if (instead) {
        for (const token of instead) {
          use(token);
          yield token === step.token ? { ...step, isGuided } : { token, isGuided };
        }
        break;
      }
      use(step.token);
      yield { ...step, isGuided };
    }
    if (guide?.isComplete) return;
    if (isOn) given.push(...guide!.forced());
  }
}

/** The device chooses, and does not wait for the host but for masks. */
async function* chosenAhead(
  session: Session,
  sampler: Sampler,
  chain: Chain,
): AsyncGenerator<Step, void, undefined> {
  for await (const token of session.sample(chain)) {
    sampler.drew();
    yield { token };
  }
}

/** The host chooses from the logits of every step; first come the tokens that are given. */
async function* sampled(
  session: Session,
  sampler: Sampler,
  options: {
    readonly mask?: Mask;
    readonly given: number[];
    readonly logprobOf?: (logits: Float32Array, token: number) => Probability;
  },
): AsyncGenerator<Step, void, undefined> {
  const { mask, given, logprobOf } = options;
  let logits = await session.logits();
  for (let token = given.shift(); token !== undefined; token = given.shift()) {
    yield { token, logprob: logprobOf?.(logits, token) };
    if (session.isFull) return;
    logits = await session.decode(token);
  }
  let bits = mask?.();
  while (bits || !mask) {
    const token = sampler.sample(logits, bits);
    bits = mask?.(token);
    yield { token, logprob: logprobOf?.(logits, token) };
    if (session.isFull) return;
    logits = await session.decode(token);
  }
}

/** Whole nanoseconds, at least 1: a coarse clock may see no time pass. */
const nanoseconds = (ms: number): number => Math.max(1, Math.round(ms * 1e6));
