/** `POST /api/copy`: another name for the same manifest. */
import { StatusError, sameName } from '@tabllama/api';
import { decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { quote } from '../go-text.ts';
import { nameToWrite, readName } from '../model.ts';
import { respond } from '../responses.ts';

export const copy: Endpoint = async ({ request, store }) => {
  const body = await readBody(request);
  const { source = '', destination = '' } = decodeBody(body, 'CopyRequest', {
    source: string,
    destination: string,
  });
  const from = readName(source, `source ${quote(source)} is invalid`);
  const to = readName(destination, `destination ${quote(destination)} is invalid`);
  const model = await store.find(from);
  if (model === undefined) throw new StatusError(404, `model ${quote(source)} not found`);
  const target = await nameToWrite(store, to);
  if (!sameName(target, model.name)) await store.copy(model.name, target);
  return respond('', 200);
};
