/** `POST /api/embeddings`, the older one: a text in, its vector out. Whatever goes wrong on the way is answered with 500. */
import { StatusError } from '@tabllama/api';
import type { Gguf } from '@tabllama/gguf';
import { decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { keepAlive, options } from '../fields.ts';
import { acquire } from '../generation.ts';
import { findModel, readName } from '../model.ts';
import { forwarded, lastOf, vectorsOf } from '../remote/forward.ts';
import { json } from '../responses.ts';
import { missing, normalize } from './embed.ts';

export const embeddings: Endpoint = async context => {
  const body = decodeBody(await readBody(context.request), 'EmbeddingRequest', {
    model: string,
    prompt: string,
    keep_alive: keepAlive,
    options,
  });
  const { model = '', prompt = '' } = body;
  if (model.trim() === '') throw new StatusError(400, 'model is required');
  const name = readName(model);
  const installed = await findModel(context.store, model, { missing: () => missing(model) });
  // the one endpoint that looks for a name as it is spelled
  if (Object.entries(name).some(([part, text]) => installed.name[part as keyof typeof name] !== text)) {
    throw new StatusError(404, missing(model));
  }
  const remote = context.remotes.find(installed);
  if (remote) {
    const whole = forwarded(installed, { ...body, prompt });
    const answer = await lastOf<{ embedding?: unknown }>(
      remote.send('/api/embeddings', whole, context.request.signal),
    );
    return json({ embedding: vectorsOf([answer.embedding ?? []])[0] });
  }
  const { lease } = await acquire(context, installed, body);
  try {
    if (prompt === '') return json({ embedding: [] });
    const signal = AbortSignal.any([context.request.signal, lease.lost]);
    const { vectors } = await lease.model.embed([prompt], { truncate: false }, signal);
    const unit = normalize(vectors[0]);
    return json({ embedding: [...(isRaw(lease.model.info.gguf) ? vectors[0] : unit)] });
  } catch (error) {
    throw error instanceof StatusError ? new StatusError(500, error.message, { cause: error }) : error;
  } finally {
    lease.release();
  }
};

/** Models whose vectors Ollama has always given as they are, not brought to length 1. */
function isRaw({ metadata }: Gguf): boolean {
  const architecture = metadata.get('general.architecture');
  const normalizes = metadata.get(`${architecture}.normalize_embeddings`);
  if (architecture === 'bert') return normalizes === false || metadata.get('tokenizer.ggml.model') !== 'bert';
  return architecture === 'nomic-bert' && normalizes !== true;
}
