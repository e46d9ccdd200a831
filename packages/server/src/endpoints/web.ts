/** `POST /api/experimental/web_search` and `web_fetch`: services of Ollama's cloud. */
import { StatusError } from '@tabllama/api';
import { type Endpoint, readBody } from '../endpoint.ts';
import { cloudDisabled } from '../model.ts';

export const webSearch: Endpoint = context => refuse(context, 'web search is unavailable');
export const webFetch: Endpoint = context => refuse(context, 'web fetch is unavailable');

async function refuse({ request }: Parameters<Endpoint>[0], what: string): Promise<never> {
  const text = new TextDecoder().decode(await readBody(request));
  throw text.trim() === '' ? new StatusError(400, 'missing request body') : cloudDisabled(what);
}
