/** `POST /v1/audio/transcriptions`: OpenAI's transcription, mapped to `/api/chat` with the audio where pictures are. */
import { StatusError } from '@tabllama/api';
import { inOnePiece } from '../../generation.ts';
import { toBase64 } from '../../go-text.ts';
import { respond } from '../../responses.ts';
import { answerChat, type ChatFields } from '../chat.ts';
import { openaiError } from './openai.ts';
import { jsonLine, translated } from './translated.ts';

export const transcriptions = translated(openaiError, async context => {
  const form = await readForm(context.request);
  const text = (name: string) => {
    const value = form.get(name);
    return typeof value === 'string' ? value : '';
  };
  const file = form.get('file');
  if (text('model') === '') throw new StatusError(400, 'model is required');
  if (!(file instanceof File)) throw new StatusError(400, 'file is required: http: no such file');
  if (file.size === 0) throw new StatusError(400, 'audio file is empty');
  const system = [
    'Write down what is said in the audio, word for word, and nothing else, even if it is a question to you.',
    text('language') && `The language is ${text('language')}.`,
    text('prompt') && `It is about: ${text('prompt')}`,
  ];
  const native: ChatFields = {
    model: text('model'),
    messages: [
      { role: 'system', content: system.filter(Boolean).join(' ') },
      {
        role: 'user',
        content: 'What is said?',
        images: [toBase64(new Uint8Array(await file.arrayBuffer()))],
      },
    ],
    options: { temperature: 0 },
  };
  return async () => {
    const { message } = await inOnePiece(context.request, await answerChat(context, native));
    const spoken = message.content.trim();
    if (text('response_format') === 'text') return respond(spoken, 200, { 'content-type': 'text/plain' });
    return jsonLine({ text: spoken });
  };
});

async function readForm(request: Request): Promise<FormData> {
  const type = request.headers.get('content-type') ?? '';
  const wrong = (reason: string) => new StatusError(400, `failed to parse multipart form: ${reason}`);
  if (!/^multipart\/(form-data|mixed)\b/i.test(type)) {
    throw wrong("request Content-Type isn't multipart/form-data");
  }
  if (!/;\s*boundary=/i.test(type)) throw wrong('no multipart boundary param in Content-Type');
  try {
    return await request.formData();
  } catch {
    request.signal.throwIfAborted();
    throw wrong('multipart: NextPart: EOF');
  }
}
