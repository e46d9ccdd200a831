/** `POST /v1/messages`: Anthropic's messages, mapped to `/api/chat`. */
import { StatusError } from '@tabllama/api';
import { answerChat, type ChatFields } from '../chat.ts';
import { anthropicError } from './anthropic.ts';
import { eventsOf, wholeMessage } from './messages-reply.ts';
import {
  estimatedTokens,
  fields,
  isSearch,
  nativeMessages,
  nativeTools,
  thinkOf,
} from './messages-request.ts';
import { decodeRequest, liveHeaders, refuseCloud, reply, translated } from './translated.ts';

export const messages = translated(anthropicError, async (context, headers) => {
  const body = await decodeRequest(context.request, 'anthropic.MessagesRequest', fields, /^\s*web_search/);
  const bad = (message: string) => new StatusError(400, message);
  if (!body.model) throw bad('model is required');
  if (body.max_tokens === undefined || body.max_tokens <= 0) {
    throw bad('max_tokens is required and must be positive');
  }
  if (!body.messages?.length) throw bad('messages is required');
  const native: ChatFields = {
    model: body.model,
    messages: nativeMessages(body),
    options: {
      num_predict: body.max_tokens,
      temperature: body.temperature,
      top_p: body.top_p,
      top_k: body.top_k,
      stop: body.stop_sequences?.length ? body.stop_sequences : undefined,
    },
    tools: nativeTools(body.tools),
    think: thinkOf(body),
  };
  const searches = body.tools?.some(isSearch) ?? false;
  if (body.stream) Object.assign(headers, liveHeaders);
  return async () => {
    if (searches) refuseCloud(native.model ?? '', 'web search is unavailable');
    return reply(context, await answerChat(context, native, { relaxThinking: true }), {
      stream: body.stream ?? false,
      whole: line => wholeMessage(line, searches),
      events: eventsOf(body.model ?? '', estimatedTokens(body), searches),
    });
  };
});
