/**
 * Tokens: a request that is answered with 401 is sent again with one, from the page or from where the answer says (the `Bearer`
 * challenge of container registries: distribution's token authentication, RFC 6750 §3).
 */
import { readText, StatusError } from '@tabllama/api';
import { type Fetch, refused, send } from './web.ts';

/** The page's token for a host, where it has one. */
export type FindToken = (host: string) => Promise<string | undefined>;

/**
 * A `fetch` that gets itself a token for a host when it needs one, and keeps it for later requests to the same host. The page is
 * asked first; then the registry, which gives one for what everybody may read.
 */
export function withTokens(fetch: Fetch, findToken: FindToken): Fetch {
  const tokens = new Map<string, string>();
  return async (input, init = {}) => {
    const url = String(input);
    const { host } = new URL(url);
    const attempt = () => {
      const headers = new Headers(init.headers);
      const token = tokens.get(host);
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      return fetch(url, { ...init, headers });
    };
    let response = await attempt();
    const ways = [
      () => findToken(host),
      (refused: Response) => answerChallenge(fetch, refused, host, init.signal ?? undefined),
    ];
    for (const way of ways) {
      if (response.status !== 401) break;
      const token = await way(response).catch(error => {
        init.signal?.throwIfAborted();
        if (error instanceof StatusError) throw error;
        throw new StatusError(500, `no token for ${host}: ${error?.message ?? error}`, { cause: error });
      });
      if (token === undefined) continue;
      tokens.set(host, token);
      response.body?.cancel().catch(() => {});
      response = await attempt();
    }
    return response;
  };
}

/** A token from where a 401 says. None if it does not say, or another origin hides it from the page. */
async function answerChallenge(
  fetch: Fetch,
  { headers }: Response,
  host: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const challenge = headers.get('www-authenticate') ?? '';
  const field = (name: string) => new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(challenge)?.[1] ?? '';
  if (!/^bearer\s/i.test(challenge) || field('realm') === '') return undefined;
  const realm = URL.parse(field('realm'));
  // a token of one host is nothing that another may ask for
  if (realm?.host !== host) {
    throw new StatusError(500, `realm host "${realm?.host ?? ''}" does not match original host "${host}"`);
  }
  realm.searchParams.append('service', field('service'));
  for (const scope of field('scope').split(' ')) realm.searchParams.append('scope', scope);
  const response = await send(fetch, realm.href, { signal });
  if (!response.ok) throw await refused(response);
  const { token, access_token } = JSON.parse(await readText(response, 1 << 20)) as {
    token?: unknown;
    access_token?: unknown;
  };
  const given = token ?? access_token;
  return typeof given === 'string' ? given : undefined;
}
