/** Where `$ref` leads: pointers, `$id` (in draft 4 `id`), `$anchor`, within one document. JSON Schema 2020-12 core §8. */
import { isObject, type Json, type JsonObject } from './json.ts';
import { escapePointer } from './keywords/keyword.ts';

export interface Target {
  readonly value: Json;
  readonly pointer: string;
}

export interface References {
  /** Absent when the reference leads out of the document or to nothing. */
  resolve(uri: string, fromPointer: string): Target | undefined;
  /** Places of `$dynamicAnchor`s by name. */
  readonly dynamicAnchors: ReadonlyMap<string, readonly Target[]>;
}

const ROOT = 'schema:///';
/** Keywords whose values map names to schemas: their keys are no keywords. */
const CONTAINERS = new Set([
  'properties',
  'patternProperties',
  'definitions',
  '$defs',
  'dependentSchemas',
  'dependencies',
]);
const DATA = new Set(['enum', 'const', 'default', 'examples', 'example']);

export function findReferences(root: Json): References {
  const resources = new Map<string, Target>();
  const anchors = new Map<string, Target>();
  const dynamicAnchors = new Map<string, Target[]>();
  /** Pointers at which another base begins, in document order. */
  const bases: (readonly [string, string])[] = [];

  const visit = (value: Json, pointer: string, base: string, names: boolean): void => {
    if (Array.isArray(value)) {
      value.forEach((item, i) => void visit(item, `${pointer}/${i}`, base, false));
      return;
    }
    if (!isObject(value)) return;
    let here = base;
    if (!names) {
      const target = { value, pointer };
      const id = value.get('$id') ?? (value.has('$ref') ? undefined : value.get('id'));
      if (typeof id === 'string' && id !== '') {
        const url = join(id, base);
        if (url !== undefined && id.startsWith('#')) anchors.set(url, target);
        else if (url !== undefined) {
          here = url.split('#')[0];
          resources.set(here, target);
          bases.push([pointer, here]);
        }
      }
      for (const keyword of ['$anchor', '$dynamicAnchor']) {
        const anchor = value.get(keyword);
        if (typeof anchor !== 'string') continue;
        anchors.set(`${here}#${anchor}`, target);
        if (keyword === '$dynamicAnchor')
          dynamicAnchors.set(anchor, [...(dynamicAnchors.get(anchor) ?? []), target]);
      }
    }
    for (const [key, child] of value) {
      if (!names && DATA.has(key)) continue;
      if (typeof child === 'object' && child !== null) {
        visit(child, `${pointer}/${escapePointer(key)}`, here, !names && CONTAINERS.has(key));
      }
    }
  };
  resources.set(ROOT, { value: root, pointer: '' });
  visit(root, '', ROOT, false);

  const baseAt = (pointer: string): string => {
    let found = ROOT;
    for (const [from, base] of bases)
      if (from === '' || pointer === from || pointer.startsWith(`${from}/`)) found = base;
    return found;
  };

  return {
    dynamicAnchors,
    resolve: (uri, fromPointer) => {
      const url = join(uri, baseAt(fromPointer));
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
