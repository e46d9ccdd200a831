/** Addresses of other servers, as Ollama reads them. Source: `remoteURL` in ollama/ollama, `server/create.go`. */
import { StatusError } from './status-error.ts';

const defaultPort = '11434';

/** The URL that is stored for a `remote_host`: `http` and Ollama's own port where it names none. Throws StatusError 400. */
export function remoteUrl(text: string): string {
  if (/^\/+$/.test(text)) return `http://localhost:${defaultPort}/`;
  if (text === 'ollama.com' || text === 'http://ollama.com') return 'https://ollama.com:443';
  const local = text.startsWith('/') ? `http://localhost${text}` : text;
  const address = local.includes('://') ? local : `http://${local}`;
  const [, scheme, authority, path = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/i.exec(address) ?? [];
  const host = authority || 'localhost';
  const hasPort = /:\d*$/.test(host) && (!host.startsWith('[') || host.includes(']:'));
  const url = `${scheme}://${hasPort ? host : `${host}:${defaultPort}`}${clean(path)}${rest}`;
  if (scheme === undefined || /\s/.test(host) || !URL.canParse(url)) throw new StatusError(400, 'bad remote');
  return url;
}

/** A path without empty parts, `.` and `..`; nothing for the root. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.map(part => `/${part}`).join('');
}
