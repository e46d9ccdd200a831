/** `HEAD|POST /api/blobs/:digest`: is a blob there, and takes one in. */
import { StatusError } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';
import { quote } from '../go-text.ts';
import { respond } from '../responses.ts';

export const blobs: Endpoint = async ({ request, parameter, store }) => {
  const there = await store.hasBlob(parameter);
  if (request.method === 'HEAD') {
    if (!there) throw new StatusError(404, `blob ${quote(parameter)} not found`);
    return new Response(null, { headers: { date: new Date().toUTCString() } });
  }
  if (there) {
    await request.body?.cancel();
    return respond('', 200);
  }
  const { digest } = await store.putBlob(request.body ?? new Uint8Array(), request.signal);
  if (digest !== parameter) {
    // As in Ollama the texts are compared, and the bytes stay under their true digest.
    throw new StatusError(400, `digest mismatch, expected ${quote(parameter)}, got ${quote(digest)}`);
  }
  return respond('', 201);
};
