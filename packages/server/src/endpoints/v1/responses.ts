/** `POST /v1/responses`: OpenAI's responses, as far as Ollama has them, mapped to `/api/chat`. */
import { answerChat, type ChatFields, type ChatLine } from '../chat.ts';
import { openaiError, thinkOf } from './openai.ts';
import { nativeMessages } from './responses-input.ts';
import { eventsOf, wholeResponse } from './responses-reply.ts';
import { echoed, fields, formatOf, isWebSearch, nativeTools } from './responses-request.ts';
import { decodeRequest, liveHeaders, randomInt, reply, translated } from './translated.ts';

export const responses = translated(openaiError, async (context, headers) => {
  const body = await decodeRequest(context.request, 'openai.ResponsesRequest', fields, /^web_search$/);
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
  const stream = body.stream ?? false;
  const events = eventsOf(request);
  return async () => {
    try {
      const whole = (line: ChatLine) => wholeResponse(line, request);
      return await reply(context, await answerChat(context, native), { stream, whole, events });
    } catch (error) {
      context.request.signal.throwIfAborted();
      if (!stream || !request.searches) throw error;
      // who asked for a search is told within the stream, as Ollama's searching has a stream of its own
      return new Response([...events.failed(error)].join(''), { headers: events.headers });
    }
  };
});
