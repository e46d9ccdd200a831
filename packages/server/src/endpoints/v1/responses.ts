/** `POST /v1/responses`: OpenAI's responses, as far as Ollama has them, mapped to `/api/chat`. */
import { answerChat, type ChatFields } from '../chat.ts';
import { openaiError, thinkOf } from './openai.ts';
import { nativeMessages } from './responses-input.ts';
import { eventsOf, wholeResponse } from './responses-reply.ts';
import { echoed, fields, formatOf, isWebSearch, nativeTools } from './responses-request.ts';
import { decodeRequest, liveHeaders, randomInt, reply, translated } from './translated.ts';

export const responses = translated(openaiError, async (context, headers) => {
  const body = await decodeRequest(context.request, 'openai.ResponsesRequest', fields);
  const native: ChatFields = {
    model: body.model,
    messages: nativeMessages(body.instructions, body.input),
    options: {
      temperature: body.temperature ?? 1,
      top_p: body.top_p,
      num_predict: body.max_output_tokens,
    },
    think: thinkOf(body.reasoning?.effort),
    tools: nativeTools(body.tools),
    format: formatOf(body.text),
  };
  const request = {
    id: `resp_${randomInt(999_999)}`,
    echo: echoed(body),
    searches: body.tools?.some(isWebSearch) ?? false,
  };
  if (body.stream) Object.assign(headers, liveHeaders);
  return async () =>
    reply(context, await answerChat(context, native), {
      stream: body.stream ?? false,
      whole: line => wholeResponse(line, request),
      events: eventsOf(request),
    });
});
