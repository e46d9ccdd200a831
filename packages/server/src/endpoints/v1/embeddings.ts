/** `POST /v1/embeddings`: OpenAI's embeddings, mapped to `/api/embed`. */
import { StatusError } from '@tabllama/api';
import { any, int, string } from '../../decode.ts';
import { shortestFloat, toBase64 } from '../../go-text.ts';
import { answerEmbed } from '../embed.ts';
import { openaiError } from './openai.ts';
import { decodeRequest, jsonLine, translated } from './translated.ts';

const fields = { input: any, model: string, dimensions: int, encoding_format: string };

export const embeddings = translated(openaiError, async context => {
  const body = await decodeRequest(context.request, 'openai.EmbedRequest', fields);
  const { model, dimensions, encoding_format: format = '' } = body;
  const base64 = format.toLowerCase() === 'base64';
  if (format !== '' && !base64 && format.toLowerCase() !== 'float') {
    const known = "Supported values: ['float', 'base64'].";
    throw new StatusError(400, `Invalid value for 'encoding_format' = ${format}. ${known}`);
  }
  const input = body.input === '' ? [''] : body.input;
  const isEmpty = Array.isArray(input) && input.length === 0;
  if (input === undefined || isEmpty) throw new StatusError(400, 'invalid input');
  return async () => {
    const { vectors, prompt_eval_count: tokens = 0 } = await answerEmbed(context, {
      model,
      input,
      dimensions,
    });
    return jsonLine({
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        embedding: base64 ? floatsToBase64(vector) : Array.from(vector, shortestFloat),
        index,
      })),
      model: model ?? '',
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    });
  };
});

/** The bytes of the floats, the lowest first. */
function floatsToBase64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(4 * vector.length));
  for (const [i, value] of vector.entries()) view.setFloat32(4 * i, value, true);
  return toBase64(new Uint8Array(view.buffer));
}
