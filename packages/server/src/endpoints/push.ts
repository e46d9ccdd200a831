/** `POST /api/push`: uploads a model to the registry of its name. */
import { filledName, parseModelName, StatusError } from '@tabllama/api';
import { bool, decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { nameToWrite } from '../model.ts';
import { progress } from '../responses.ts';

export const push: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'PushRequest', {
    model: string,
    name: string,
    insecure: bool,
    username: string,
    password: string,
    stream: bool,
  });
  const text = body.model || body.name || '';
  if (text === '') throw new StatusError(400, 'model is required');
  const name = parseModelName(text);
  return progress(request, body.stream ?? true, async function* (signal) {
    if (name) return yield* store.push(await nameToWrite(store, name), { insecure: body.insecure }, signal);
    yield { status: 'retrieving manifest' };
    yield { status: "couldn't retrieve manifest" };
    throw new StatusError(500, `unqualified name: ${filledName(text)}`);
  });
};
