/** What is kept where tokens do not fit the context window: of a prompt as Ollama cuts it, of a full cache as llama.cpp shifts it. */
import { type GenerationRequest, runnerError, StatusError } from '@tabllama/api';

/**
 * Cuts a prompt that leaves no room for an answer: its first tokens stay, and as many of the last as leave half of the rest free.
 * Throws StatusError 400 where the request forbids it.
 * @param contextLength what was asked for, which is what a prompt is cut to
 * @param keep how many of the first tokens stay
 * @param window what there is, which is what a prompt that may not be cut must fit
 */
export function fitPrompt(
  tokens: readonly number[],
  contextLength: number,
  keep: number,
  { truncate = true, shift = true }: Pick<GenerationRequest, 'truncate' | 'shift'>,
  window = contextLength,
): readonly number[] {
  const limit = contextLength - 1;
  if (tokens.length <= limit || (!truncate && tokens.length < window)) return tokens;
  if (!truncate) {
    const message = `request (${tokens.length} tokens) exceeds the available context size (${window} tokens), try increasing it`;
    const figures = { n_prompt_tokens: tokens.length, n_ctx: window };
    throw runnerError(400, message, 'exceed_context_size_error', figures);
  }
  if (!shift) {
    throw new StatusError(
      400,
      'the prompt is longer than the context length currently available to the model; shorten the prompt, ' +
        'adjust the context length in settings, or use a model with a longer context length',
    );
  }
  const first = Math.min(keep, limit);
  const size = contextLength - Math.max(Math.floor((contextLength - first) / 2), 1);
  return [...tokens.slice(0, first), ...tokens.slice(tokens.length - (size - first))];
}

/** Makes room in a full cache: the first `keep` tokens stay (at most all but four of the window), half of the others go. */
export function shiftTokens(
  tokens: readonly number[],
  contextLength: number,
  keep: number,
): readonly number[] {
  const first = Math.max(Math.min(keep, contextLength - 4), 0);
  const dropped = Math.max(Math.floor((tokens.length - first) / 2), 1);
  return [...tokens.slice(0, first), ...tokens.slice(first + dropped)];
}
