/** `POST /api/pull`: fetches a model by its name, or a GGUF file by its URL. */
import { bool, decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { nameToWrite, readStoredName } from '../model.ts';
import { progress } from '../responses.ts';

export const pull: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'PullRequest', {
    model: string,
    name: string,
    insecure: bool,
    username: string,
    password: string,
    stream: bool,
  });
  const text = body.model || body.name || '';
  const source = fileUrl(text) ?? (await nameToWrite(store, readStoredName(text)));
  return progress(request, body.stream ?? true, async function* (signal) {
    yield* store.pull(source, { insecure: body.insecure }, signal);
  });
};

/** The URL of a GGUF file, told from a name of Ollama's by its scheme and its ending; undefined for anything else. */
function fileUrl(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return /\.gguf$/i.test(url.pathname) ? url : undefined;
}
