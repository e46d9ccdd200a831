/** `POST /api/create`: a model of uploaded files, or of another model with some of its layers changed. */
import { parseModelName, StatusError } from '@tabllama/api';
import { any, bool, decodeBody, map, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { messages, options } from '../fields.ts';
import { nameToWrite } from '../model.ts';
import { progress } from '../responses.ts';

const files = map(string);
const fields = {
  model: string,
  name: string,
  from: string,
  files,
  adapters: files,
  draft_files: files,
  draft_quantize: string,
  quantize: string,
  quantization: string,
  template: string,
  system: string,
  license: any,
  parameters: options,
  messages,
  renderer: string,
  parser: string,
  requires: string,
  info: options,
  remote_host: string,
  stream: bool,
};

export const create: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'CreateRequest', fields);
  const { checkRequest, createModel } = await import('@tabllama/create');
  checkRequest(body);
  const name = parseModelName(body.model || body.name || '');
  if (name === undefined) throw new StatusError(400, 'invalid model name');
  const target = await nameToWrite(store, name);
  return progress(request, body.stream ?? true, signal => createModel(store, target, body, signal));
};
