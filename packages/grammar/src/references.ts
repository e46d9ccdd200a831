/** Where references lead: pointers, `$id` (in draft 4 `id`), anchors, within one document. JSON Schema 2020-12 core §8. */
import { isObject, type Json, type JsonObject } from './json.ts';
import { escapePointer } from './keywords/keyword.ts';

export interface Target {
  readonly value: Json;
  readonly pointer: string;
}

/** The dynamic scope: the places of the resources that were entered, each once, the outermost first. */
export type Scope = readonly string[];

export interface References {
  /** Absent when the reference leads out of the document or to nothing. */
  resolve(uri: string, fromPointer: string): Target | undefined;
  /** Whether the document has references whose target depends on the scope. */
  readonly dynamic: boolean;
  /** The scope at a place that is entered from `outer`, or, without one, from the root by way of its ancestors. */
  scopeOf(pointer: string, outer?: Scope): Scope;
  /** Where `$dynamicRef` or `$recursiveRef` leads in this scope, when not to `found`, where a `$ref` would. */
  outermost(keyword: string, uri: string, found: Target, scope: Scope): Target | undefined;
}

const ROOT = 'schema:///';
/** Keywords whose values hold schemas: as they are or in an array; by name. */
const APPLICATORS = new Set(
  'items prefixItems additionalItems contains additionalProperties propertyNames allOf anyOf oneOf not if then else unevaluatedItems unevaluatedProperties contentSchema'.split(
    ' ',
  ),
);
const CONTAINERS = new Set(
  'properties patternProperties definitions $defs dependentSchemas dependencies'.split(' '),
);

export function findReferences(root: Json, draft: number): References {
  const resources = new Map<string, Target>([[ROOT, { value: root, pointer: '' }]]);
  const anchors = new Map<string, Target>();
  /** `$dynamicAnchor`s by the place of their resource and their name. */
  const dynamicAnchors = new Map<string, Target>();
  /** Places at which a resource begins, with its base, in document order. */
  const bases: (readonly [string, string])[] = [['', ROOT]];
  let dynamic = false;

  const visit = (value: Json, pointer: string, outer: string, resource: string): void => {
    if (!isObject(value)) return;
    const target = { value, pointer };
    let base = outer;
    let place = resource;
    dynamic ||= value.has('$dynamicRef') || value.has('$recursiveRef');
    const alone = draft > 7 || !value.has('$ref');
    const id = alone ? (value.get('$id') ?? (value.has('$ref') ? undefined : value.get('id'))) : undefined;
    if (typeof id === 'string' && id !== '') {
      const url = join(id, outer);
      if (url !== undefined && id.startsWith('#')) anchors.set(url, target);
      else if (url !== undefined) {
        [base] = url.split('#');
        place = pointer;
        resources.set(base, target);
        bases.push([pointer, base]);
      }
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = value.get(keyword);
      if (typeof anchor !== 'string') continue;
      anchors.set(`${base}#${anchor}`, target);
      if (keyword === '$dynamicAnchor') dynamicAnchors.set(`${place}#${anchor}`, target);
    }
    for (const [key, child] of value) {
      if (!APPLICATORS.has(key) && !CONTAINERS.has(key)) continue;
      const path = `${pointer}/${key}`;
      if (APPLICATORS.has(key)) {
        if (Array.isArray(child))
          child.forEach((item: Json, i) => void visit(item, `${path}/${i}`, base, place));
        else visit(child, path, base, place);
      } else if (isObject(child)) {
        for (const [name, item] of child) visit(item, `${path}/${escapePointer(name)}`, base, place);
      }
    }
  };
  visit(root, '', ROOT, '');

  /** The resources that a place lies in, the outermost first. */
  const around = (pointer: string) =>
    bases.filter(([from]) => from === '' || pointer === from || pointer.startsWith(`${from}/`));

  const found = new Map<string, Target | undefined>();
  const find = (uri: string, base: string): Target | undefined => {
    const key = `${base} ${uri}`;
    if (!found.has(key)) found.set(key, lookUp(uri, base));
    return found.get(key);
  };
  const lookUp = (uri: string, base: string): Target | undefined => {
    const url = join(uri, base);
    if (url === undefined) return undefined;
    const at = url.indexOf('#');
    const resource = resources.get(at < 0 ? url : url.slice(0, at));
    let fragment: string;
    try {
      fragment = at < 0 ? '' : decodeURIComponent(url.slice(at + 1));
    } catch {
      return undefined;
    }
    if (fragment !== '' && !fragment.startsWith('/'))
      return anchors.get(url) ?? anchors.get(`${url.slice(0, at)}#${fragment}`);
    return resource && descend(resource, fragment);
  };

  return {
    // Many a schema counts its pointers from the root of the document in spite of an `$id` in between.
    resolve: (uri, fromPointer) =>
      find(uri, around(fromPointer).at(-1)![1]) ?? (uri.startsWith('#/') ? find(uri, ROOT) : undefined),
    dynamic,
    scopeOf: (pointer, outer) => {
      const places = around(pointer).map(([place]) => place);
      return [...new Set(outer ? [...outer, places.at(-1)!] : places)];
    },
    outermost: (keyword, uri, found, scope) => {
      if (!isObject(found.value)) return undefined;
      if (keyword === '$recursiveRef') {
        const recursive = ({ value }: Target): boolean =>
          isObject(value) && value.get('$recursiveAnchor') === true;
        if (!recursive(found)) return undefined;
        return scope.map(place => descend({ value: root, pointer: '' }, place)!).find(recursive);
      }
      const name = uri.slice(uri.indexOf('#') + 1);
      if (!uri.includes('#') || found.value.get('$dynamicAnchor') !== name) return undefined;
      const place = scope.find(from => dynamicAnchors.has(`${from}#${name}`));
      return place === undefined ? undefined : dynamicAnchors.get(`${place}#${name}`);
    },
  };
}

function descend(resource: Target, fragment: string): Target | undefined {
  let { value, pointer } = resource;
  for (const token of fragment.split('/').slice(1)) {
    const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
    const next: Json | undefined = isObject(value)
      ? (value as JsonObject).get(key)
      : Array.isArray(value)
        ? (value[Number(key)] as Json | undefined)
        : undefined;
    if (next === undefined) return undefined;
    value = next;
    pointer += `/${escapePointer(key)}`;
  }
  return { value, pointer };
}

function join(uri: string, base: string): string | undefined {
  if (uri.startsWith('#')) return base + uri;
  try {
    return new URL(uri, base).href;
  } catch {
    return undefined;
  }
}
