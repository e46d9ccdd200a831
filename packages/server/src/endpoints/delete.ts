/** `DELETE /api/delete`: removes a name, and the blobs that no other name refers to. A loaded model stays loaded. */
import { StatusError } from '@tabllama/api';
import { decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { quote } from '../go-text.ts';
import { readStoredName } from '../model.ts';
import { respond } from '../responses.ts';

export const deleteModel: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'DeleteRequest', { model: string, name: string });
  const text = body.model || body.name || '';
  if (text.trim() === '') throw new StatusError(400, 'model is required');
  const name = readStoredName(text, `name ${quote(text)} is invalid`);
  if (!(await store.delete(name))) throw new StatusError(404, `model '${text}' not found`);
  return respond('', 200);
};
