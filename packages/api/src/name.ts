/**
 * Names of models: `[scheme://]host/namespace/model:tag`, parsed from the right, with Ollama's defaults. It does not know
 * which models are installed. The grammar is that of `types/model/name.go` and `internal/modelref` in ollama/ollama.
 */
import { StatusError } from './status-error.ts';
import type { ModelName } from './store.ts';

/** The host of a name that says none. */
export const defaultHost = 'registry.ollama.ai';
const defaultNamespace = 'library';

const part = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/;
const namespacePart = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,79}$/;
const hostPart = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}$/;

/** The four parts of a name with their defaults, or undefined when it is not a name. A scheme is dropped, as Ollama does. */
export function parseModelName(text: string): ModelName | undefined {
  const { host, namespace, model, tag } = split(text);
  const valid = hostPart.test(host) && namespacePart.test(namespace) && part.test(model) && part.test(tag);
  return valid ? { host, namespace, model, tag } : undefined;
}

/** What is no name with the defaults in it all the same; a part that is there and empty is marked, as Ollama does. */
export function filledName(text: string): string {
  const parts = Object.entries(split(text)).map(([key, value]) => [key, value || '!MISSING!']);
  return fullName(Object.fromEntries(parts));
}

function split(text: string): ModelName {
  let rest = text;
  let tag = 'latest';
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
  }
  const [left, model] = cutLast(rest);
  const [place, namespace = defaultNamespace] = left === undefined ? [] : cutLast(left);
  const host = place === undefined ? defaultHost : place.slice(place.indexOf('://') + 1).replace(/^\/\//, '');
  return { host, namespace, model, tag };
}

/** What is left and right of the last slash; left is undefined when there is none. */
function cutLast(text: string): [left: string | undefined, right: string] {
  const slash = text.lastIndexOf('/');
  return slash < 0 ? [undefined, text] : [text.slice(0, slash), text.slice(slash + 1)];
}

/** `host/namespace/model:tag`, every part there. */
export function fullName(name: ModelName): string {
  return `${name.host}/${name.namespace}/${name.model}:${name.tag}`;
}

/** The shortest form: without the default host and, if that is dropped, without the default namespace; always with the tag. */
export function displayName(name: ModelName): string {
  if (!equal(name.host, defaultHost)) return fullName(name);
  const short = `${name.model}:${name.tag}`;
  return equal(name.namespace, defaultNamespace) ? short : `${name.namespace}/${short}`;
}

/** True if two names mean the same model: every part equal without regard to case. */
export function sameName(a: ModelName, b: ModelName): boolean {
  return equal(fullName(a), fullName(b));
}

function equal(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/**
 * Takes the mark of where a model runs off a name as a request has it: `:local`, `:cloud`, or a tag that ends in `-cloud`.
 * `base` is what to parse; a name without a mark comes back trimmed. Throws StatusError 400 where there are two marks.
 */
export function modelSource(text: string): { readonly base: string; readonly source?: 'local' | 'cloud' } {
  const trimmed = text.trim();
  const cut = cutSource(trimmed);
  if (!cut) return { base: trimmed };
  if (cutSource(cut.base)) {
    throw new StatusError(400, `use either :local or :cloud, not both: ${JSON.stringify(trimmed)}`);
  }
  return cut;
}

function cutSource(text: string): { base: string; source: 'local' | 'cloud' } | undefined {
  const mark = /:(local|cloud)$/i.exec(text);
  if (mark) return { base: text.slice(0, mark.index), source: mark[1].toLowerCase() as 'local' | 'cloud' };
  const tag = /:[^:/]*(-cloud)$/i.exec(text);
  return tag ? { base: text.slice(0, -'-cloud'.length), source: 'cloud' } : undefined;
}
