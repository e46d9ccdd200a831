/** What OpenAI's endpoints share, as Ollama has them: errors, usage, tool calls, pictures, and how hard to think. */
import { StatusError, type ToolCall } from '@tabllama/api';
import { bool, object } from '../../decode.ts';
import { base64Mistake } from '../../fields.ts';
import type { Metrics } from '../../generation.ts';
import { quote, toJson } from '../../go-text.ts';
import { httpError, type StreamFormat } from '../../responses.ts';
import { data, type ErrorBody } from './translated.ts';

export const openaiError: ErrorBody = (status, message) => {
  const type = status === 400 ? 'invalid_request_error' : status === 404 ? 'not_found_error' : 'api_error';
  return { error: { message, type, param: null, code: null } };
};

/** How the streams of chat and text completions are written; an error ends them as an event that clients throw. */
export function completionEvents<L>(chunks: (line: L) => Iterable<string>): StreamFormat<L> {
  return {
    headers: { 'content-type': 'text/event-stream' },
    chunks,
    failed(error) {
      const { status, message } = httpError(error);
      return [data(openaiError(status, message))];
    },
  };
}

export const streamOptions = object('openai.StreamOptions', { include_usage: bool });

export const DONE = 'data: [DONE]\n\n';

export function usage({ prompt_eval_count: prompt = 0, eval_count: completion = 0 }: Metrics) {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** Calls as OpenAI has them: their arguments are a text. */
export function toolCalls(calls: readonly ToolCall[] = []) {
  return calls.map(({ id = '', function: { index = 0, name, arguments: args } }) => ({
    id,
    index,
    type: 'function',
    function: { name, arguments: toJson(args) },
  }));
}

/** What `think` is for a reasoning effort; an effort beyond Ollama's levels is the nearest of them. Throws StatusError 400. */
export function thinkOf(effort = ''): boolean | string | undefined {
  switch (effort) {
    case '':
      return undefined;
    case 'none':
      return false;
    case 'minimal':
      return 'low';
    case 'low':
    case 'medium':
    case 'high':
    case 'max':
      return effort;
    case 'xhigh':
    case 'ultra':
      return 'max';
    default: {
      const known = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"';
      throw new StatusError(400, `invalid reasoning value: ${quote(effort)} (must be ${known})`);
    }
  }
}

/** The base64 of a picture that is given as a data URL. Throws StatusError 400. */
export function imageOf(url: string): string {
  if (/^https?:\/\//.test(url)) {
    throw new StatusError(
      400,
      'image URLs are not currently supported, please use base64 encoded data instead',
    );
  }
  const prefix = /^data:(image\/(jpeg|jpg|png|webp))?;base64,/.exec(url)?.[0];
  const base64 = prefix && url.slice(prefix.length);
  if (base64 === undefined || base64Mistake(base64) !== undefined) {
    throw new StatusError(400, 'invalid image input');
  }
  return base64;
}
