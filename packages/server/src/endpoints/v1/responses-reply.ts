/** An answer of Ollama's chat as OpenAI's response: whole, or as the events of its items. */
import { StatusError, type ToolCall } from '@tabllama/api';
import { sorted } from '@tabllama/chat';
import { httpError, type StreamFormat } from '../../responses.ts';
import type { ChatLine } from '../chat.ts';
import { toolCalls } from './openai.ts';
import type { Echo } from './responses-request.ts';
import { event, liveHeaders, randomInt, unixSeconds } from './translated.ts';

export interface ResponsesRequest {
  readonly id: string;
  readonly echo: Echo;
  /** The request asked for the server's own web search, which there is none of. */
  readonly searches: boolean;
}

const now = () => unixSeconds(new Date());

function usage({ prompt_eval_count: input = 0, eval_count: output = 0 }: ChatLine) {
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens_details: { reasoning_tokens: 0 },
  };
}

interface State {
  readonly created_at: number;
  readonly completed_at: number | null;
  readonly status: 'in_progress' | 'completed';
  readonly output: readonly object[] | null;
  readonly reasoning: object | null;
  readonly usage: object | null;
  /** Events leave out what a group has in it. */
  readonly tools?: readonly object[];
}

/** A response; most of its fields have only one value here. */
function response({ id, echo }: ResponsesRequest, state: State): object {
  return {
    id,
    object: 'response',
    created_at: state.created_at,
    completed_at: state.completed_at,
    status: state.status,
    incomplete_details: null,
    model: echo.model,
    previous_response_id: null,
    instructions: echo.instructions,
    output: state.output,
    error: null,
    tools: state.tools ?? echo.tools,
    tool_choice: 'auto',
    truncation: echo.truncation,
    parallel_tool_calls: true,
    text: { format: echo.format },
    top_p: echo.top_p,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    temperature: echo.temperature,
    reasoning: state.reasoning,
    usage: state.usage,
    max_output_tokens: echo.max_output_tokens,
    max_tool_calls: null,
    store: false,
    background: echo.background,
    service_tier: 'default',
    metadata: {},
    safety_identifier: null,
    prompt_cache_key: null,
  };
}

const textPart = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] });

const messageItem = (id: string, status: string, content: readonly object[]) => ({
  id,
  type: 'message',
  status,
  role: 'assistant',
  content,
});

const reasoningItem = (id: string, text: string) => ({
  id,
  type: 'reasoning',
  summary: [{ type: 'summary_text', text }],
  encrypted_content: text, // as it is, so that it can be sent back
});

const newMessageId = () => `msg_${randomInt(999_999)}`;

/** The server's own web search is refused as Ollama refuses it. Throws StatusError 403. */
function refuseSearch({ searches }: ResponsesRequest, calls: readonly ToolCall[] = []): void {
  if (searches && calls.some(call => call.function.name === 'web_search')) {
    throw new StatusError(403, 'ollama cloud is disabled: web search is unavailable');
  }
}

/** Calls of tools leave no place for text. */
export function wholeResponse(line: ChatLine, request: ResponsesRequest): object {
  const { thinking, content, tool_calls } = line.message;
  refuseSearch(request, tool_calls);
  const output: object[] = thinking ? [reasoningItem(`rs_${request.id}`, thinking)] : [];
  for (const [i, { id, function: call }] of toolCalls(tool_calls).entries()) {
    const item = { id: `fc_${request.id}_${i}`, type: 'function_call', status: 'completed', call_id: id };
    output.push({ ...item, ...call });
  }
  if (!tool_calls?.length) output.push(messageItem(newMessageId(), 'completed', [textPart(content)]));
  const { effort, summary } = request.echo;
  return response(request, {
    created_at: unixSeconds(line.created_at),
    completed_at: now(),
    status: 'completed',
    output,
    reasoning: effort || summary ? { effort, summary } : null,
    usage: usage(line),
  });
}

/** The events of an answer, in Go's order of keys: it makes them of maps. */
export function eventsOf(request: ResponsesRequest): StreamFormat<ChatLine> {
  const messageId = newMessageId();
  const output: object[] = [];
  let sequence_number = 0;
  let output_index = 0;
  let reasoning: { readonly id: string; text: string } | undefined;
  let text: string | undefined;
  let called = false;

  const send = (type: string, fields: object) =>
    event(type, sorted({ ...fields, type, sequence_number: sequence_number++ }, 'schema'));

  function current(status: State['status'], state: Partial<State> = {}): object {
    const { effort = null, summary = null } = request.echo;
    return response(request, {
      created_at: now(),
      completed_at: null,
      status,
      output: [],
      usage: null,
      ...state,
      tools: request.echo.tools.map(tool => ({ ...tool, tools: undefined })),
      reasoning: effort || summary ? { effort, summary } : null,
    });
  }

  function* start(): Generator<string> {
    if (sequence_number > 0) return;
    yield send('response.created', { response: current('in_progress') });
    yield send('response.in_progress', { response: current('in_progress') });
  }
  function* think(delta: string): Generator<string> {
    if (reasoning === undefined) {
      reasoning = { id: `rs_${randomInt(999_999)}`, text: '' };
      const item = { id: reasoning.id, type: 'reasoning', summary: [] };
      yield send('response.output_item.added', { output_index, item });
    }
    reasoning.text += delta;
    const place = { item_id: reasoning.id, output_index, summary_index: 0 };
    yield send('response.reasoning_summary_text.delta', { ...place, delta });
  }
  function* endThinking(): Generator<string> {
    if (reasoning === undefined) return;
    const { id, text } = reasoning;
    reasoning = undefined;
    const item = reasoningItem(id, text);
    output.push(item);
    const place = { item_id: id, output_index, summary_index: 0 };
    yield send('response.reasoning_summary_text.done', { ...place, text });
    yield send('response.output_item.done', { output_index, item });
    output_index++;
  }
  function* call(all: readonly ToolCall[]): Generator<string> {
    yield* endThinking();
    for (const [i, { id: call_id, function: call }] of toolCalls(all).entries()) {
      const id = `fc_${randomInt(999_999)}_${i}`;
      const item = { id, type: 'function_call', status: 'completed', call_id, ...call };
      output.push(item);
      const place = { item_id: id, output_index };
      const added = { ...item, status: 'in_progress', arguments: '' };
      yield send('response.output_item.added', { output_index, item: added });
      yield send('response.function_call_arguments.delta', { ...place, delta: call.arguments });
      yield send('response.function_call_arguments.done', { ...place, arguments: call.arguments });
      yield send('response.output_item.done', { output_index, item });
      output_index++;
    }
  }
  const textPlace = () => ({ item_id: messageId, output_index, content_index: 0 });
  function* say(delta: string): Generator<string> {
    yield* endThinking();
    if (text === undefined) {
      text = '';
      const item = messageItem(messageId, 'in_progress', []);
      yield send('response.output_item.added', { output_index, item });
      yield send('response.content_part.added', { ...textPlace(), part: textPart('') });
    }
    text += delta;
    yield send('response.output_text.delta', { ...textPlace(), delta, logprobs: [] });
  }
  function* end(line: ChatLine): Generator<string> {
    yield* endThinking();
    if (text !== undefined) {
      const part = textPart(text);
      const item = messageItem(messageId, 'completed', [part]);
      output.push(item);
      // After a call, a text that had begun has no end of its own.
      if (!called) {
        yield send('response.output_text.done', { ...textPlace(), text, logprobs: [] });
        yield send('response.content_part.done', { ...textPlace(), part });
        yield send('response.output_item.done', { output_index, item });
      }
    }
    const state = { completed_at: now(), output: output.length > 0 ? output : null, usage: usage(line) };
    yield send('response.completed', { response: current('completed', state) });
  }

  return {
    headers: { ...liveHeaders, 'content-type': 'text/event-stream' },
    *chunks(line) {
      const { thinking, content, tool_calls } = line.message;
      yield* start();
      if (thinking) yield* think(thinking);
      refuseSearch(request, tool_calls);
      if (tool_calls?.length) {
        called = true;
        yield* call(tool_calls);
      }
      if (content && !called) yield* say(content);
      if (line.done) yield* end(line);
    },
    *failed(failure) {
      const { message } = httpError(failure);
      yield* start();
      yield send('response.failed', {
        response: {
          id: request.id,
          object: 'response',
          status: 'failed',
          model: request.echo.model,
          output,
          error: { code: 'api_error', message },
          usage: { input_tokens: 0, output_tokens: 0, total_tokens: 0 },
        },
      });
    },
  };
}
