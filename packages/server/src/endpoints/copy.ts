/** `POST /api/copy`: another name for the same manifest. */
import { parseModelName, StatusError, sameName } from '@tabllama/api';
import { decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { quote } from '../go-text.ts';
import { nameToWrite } from '../model.ts';
import { respond } from '../responses.ts';

export const copy: Endpoint = async ({ request, store }) => {
  const body = await readBody(request);
  const { source = '', destination = '' } = decodeBody(body, 'CopyRequest', {
    source: string,
    destination: string,
  });
  const from = parseModelName(source);
  if (from === undefined) throw new StatusError(400, `source ${quote(source)} is invalid`);
  const to = parseModelName(destination);
  if (to === undefined) throw new StatusError(400, `destination ${quote(destination)} is invalid`);
  const model = await store.find(from);
  if (model === undefined) throw new StatusError(404, `model ${quote(source)} not found`);
  const target = await nameToWrite(store, to);
  if (!sameName(target, model.name)) await store.copy(model.name, target);
  return respond('', 200);
};
