/** `POST /v1/completions`: OpenAI's text completion, mapped to `/api/generate`; the prompt goes through the model's template. */
import { StatusError } from '@tabllama/api';
import { any, bool, float32, int, string } from '../../decode.ts';
import { goTypeOf } from '../../fields.ts';
import { answerGenerate, type GenerateFields, type GenerateLine } from '../generate.ts';
import { completionEvents, DONE, openaiError, streamOptions, usage } from './openai.ts';
import { data, decodeRequest, randomInt, reply, translated, unixSeconds } from './translated.ts';

const fields = {
  model: string,
  prompt: string,
  frequency_penalty: float32,
  max_tokens: int,
  presence_penalty: float32,
  seed: int,
  stop: any,
  stream: bool,
  stream_options: streamOptions,
  temperature: float32,
  top_p: float32,
  suffix: string,
  logprobs: int,
  _debug_render_only: bool,
};

export const completions = translated(openaiError, async context => {
  const body = await decodeRequest(context.request, 'openai.CompletionRequest', fields);
  const { logprobs = 0 } = body;
  const native: GenerateFields = {
    model: body.model,
    prompt: body.prompt,
    options: {
      stop: stopOf(body.stop),
      num_predict: body.max_tokens,
      temperature: body.temperature ?? 1,
      seed: body.seed,
      frequency_penalty: body.frequency_penalty ?? 0,
      presence_penalty: body.presence_penalty ?? 0,
      top_p: body.top_p || 1,
    },
    suffix: body.suffix,
    logprobs: logprobs > 0,
    top_logprobs: Math.max(logprobs, 0),
    _debug_render_only: body._debug_render_only,
  };
  const id = `cmpl-${randomInt(999)}`;
  return async () =>
    reply(context, await answerGenerate(context, native), {
      stream: body.stream ?? false,
      whole: line => ({
        id,
        object: 'text_completion',
        created: unixSeconds(line.created_at),
        model: line.model,
        system_fingerprint: 'fp_ollama',
        choices: [choice(line)],
        usage: usage(line),
      }),
      events: completionEvents(line => chunks(id, line, body.stream_options?.include_usage ?? false)),
    });
});

/** One text, or a list of texts, of which an empty one counts as none. Throws StatusError 400. */
function stopOf(stop: unknown): readonly string[] | undefined {
  if (typeof stop === 'string') return [stop];
  if (!Array.isArray(stop) || stop.length === 0) return undefined;
  const other = stop.find(text => typeof text !== 'string');
  if (other !== undefined) throw new StatusError(400, `invalid type for 'stop' field: ${goTypeOf(other)}`);
  return stop as string[];
}

const choice = ({ response, done_reason }: GenerateLine) => ({
  text: response,
  index: 0,
  finish_reason: done_reason || null,
});

/** With usage, every chunk has one, which is 0 but for the last, which has no text. */
function chunks(id: string, line: GenerateLine, includeUsage: boolean): string[] {
  const chunk = (choices: object[], figures: GenerateLine | object) =>
    data({
      id,
      object: 'text_completion',
      created: unixSeconds(new Date()),
      choices,
      model: line.model,
      system_fingerprint: 'fp_ollama',
      usage: includeUsage ? usage(figures) : undefined,
    });
  const all = [chunk([choice(line)], {})];
  if (line.done && includeUsage) all.push(chunk([], line));
  return line.done ? [...all, DONE] : all;
}
