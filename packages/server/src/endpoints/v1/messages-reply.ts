/** An answer of Ollama's chat as Anthropic's message: whole, or as the events of its blocks. */
import { toJson } from '../../go-text.ts';
import { httpError, type StreamFormat } from '../../responses.ts';
import type { ChatLine } from '../chat.ts';
import { anthropicError, newId } from './anthropic.ts';
import { event, liveHeaders } from './translated.ts';

const usage = ({ prompt_eval_count = 0, eval_count = 0 }: ChatLine) => ({
  input_tokens: prompt_eval_count,
  output_tokens: eval_count,
});

/** Why it ended; a stop sequence counts as an end like any other. Absent where it did not end. */
function stopReason(reason: string | undefined, called: boolean): string | undefined {
  if (called) return 'tool_use';
  if (reason === 'stop') return 'end_turn';
  if (reason === 'length') return 'max_tokens';
  return reason ? 'stop_sequence' : undefined;
}

/** `searches`: the request asked for the server's own web search, which there is none of. */
export function wholeMessage(line: ChatLine, searches: boolean): object {
  const id = newId('msg');
  const { thinking, content, tool_calls = [] } = line.message;
  const blocks: object[] = [];
  if (thinking) blocks.push({ type: 'thinking', thinking });
  if (content) blocks.push({ type: 'text', text: content });
  for (const { id, function: call } of tool_calls) {
    blocks.push({ type: 'tool_use', id, name: call.name, input: call.arguments });
  }
  const search = searches ? searchQuery(line) : undefined;
  const shown = search === undefined ? blocks : failedSearch(id, search);
  return {
    id,
    type: 'message',
    role: 'assistant',
    model: line.model,
    content: shown.length > 0 ? shown : null,
    stop_reason: search === undefined ? stopReason(line.done_reason, tool_calls.length > 0) : 'end_turn',
    usage: usage(line),
  };
}

/** What the model would have the web searched for. */
function searchQuery({ message }: ChatLine): string | undefined {
  const call = message.tool_calls?.find(one => one.function.name === 'web_search');
  if (call === undefined) return undefined;
  const { query } = call.function.arguments;
  return typeof query === 'string' ? query : '';
}

/** The blocks of a web search that cannot be made. */
function failedSearch(messageId: string, query: string): object[] {
  const id = messageId.replace(/^msg_/, 'srvtoolu_');
  const error_code = query === '' ? 'invalid_request' : 'unavailable';
  return [
    { type: 'server_tool_use', id, name: 'web_search', input: { query } },
    {
      type: 'web_search_tool_result',
      tool_use_id: id,
      content: { type: 'web_search_tool_result_error', error_code },
    },
  ];
}

/** The events of an answer. `inputTokens` is told at the start, before the true figure is known. */
export function eventsOf(model: string, inputTokens: number, searches: boolean): StreamFormat<ChatLine> {
  const id = newId('msg');
  let started = false;
  let index = 0;
  let open: 'thinking' | 'text' | undefined;
  let hasThought = false;
  let search: string | undefined;
  const called = new Set<string | undefined>();

  const send = (type: string, fields: object = {}) => event(type, { type, ...fields });

  function* close(): Generator<string> {
    if (open === undefined) return;
    hasThought ||= open === 'thinking';
    open = undefined;
    yield send('content_block_stop', { index: index++ });
  }
  function* piece(type: 'thinking' | 'text', text: string): Generator<string> {
    if (open !== type) {
      yield* close();
      open = type;
      yield send('content_block_start', { index, content_block: { type, [type]: '' } });
    }
    yield send('content_block_delta', { index, delta: { type: `${type}_delta`, [type]: text } });
  }
  function* block(content_block: object, partial_json?: string): Generator<string> {
    yield* close();
    yield send('content_block_start', { index, content_block });
    if (partial_json !== undefined) {
      yield send('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json } });
    }
    yield send('content_block_stop', { index: index++ });
  }
  function* body(line: ChatLine): Generator<string> {
    const { thinking, content, tool_calls = [] } = line.message;
    if (thinking && !hasThought) yield* piece('thinking', thinking);
    if (content) yield* piece('text', content);
    for (const { id, function: call } of tool_calls) {
      if (called.has(id)) continue;
      called.add(id);
      yield* block({ type: 'tool_use', id, name: call.name, input: {} }, toJson(call.arguments));
    }
  }

  return {
    headers: { ...liveHeaders, 'content-type': 'text/event-stream' },
    *chunks(line) {
      if (!started) {
        started = true;
        const figures = { input_tokens: line.prompt_eval_count || inputTokens, output_tokens: 0 };
        const message = { id, type: 'message', role: 'assistant', model, content: [], usage: figures };
        yield send('message_start', { message });
      }
      if (searches) search ??= searchQuery(line);
      if (search === undefined) yield* body(line);
      if (!line.done) return;
      if (search !== undefined) for (const one of failedSearch(id, search)) yield* block(one);
      yield* close();
      const stop_reason = search === undefined ? stopReason(line.done_reason, called.size > 0) : 'end_turn';
      yield send('message_delta', { delta: { stop_reason }, usage: usage(line) });
      yield send('message_stop');
    },
    failed(failure) {
      const { status, message } = httpError(failure);
      return [event('error', anthropicError(status, message))];
    },
  };
}
