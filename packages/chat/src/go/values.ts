/**
 * Values of a Go template: what Go's reflection tells apart and a template can see. A Go int is a bigint, a float64 a number, a nil
 * null; decoded JSON is maps and lists of `interface {}`.
 */
import { compareTexts, toJson } from './text.ts';

export type Value = null | boolean | bigint | number | string | GoList | GoMap | GoStruct;

export interface GoList {
  readonly kind: 'list';
  readonly type: string;
  readonly items: readonly Value[];
  /** A nil slice: as JSON it is null. */
  readonly isNil?: boolean;
  /** Go's `String` method: the list prints as this. */
  readonly text?: () => string;
  /** Go's `MarshalJSON`. */
  readonly json?: () => string;
}

export interface GoMap {
  readonly kind: 'map';
  readonly type: string;
  /** Keys in Go's order. */
  readonly entries: ReadonlyMap<string, Value>;
  /** What a key that is missing gives. */
  readonly zero: Value;
  readonly isNil?: boolean;
  readonly text?: () => string;
}

export interface GoStruct {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: readonly GoField[];
  readonly text?: () => string;
}

export interface GoField {
  readonly name: string;
  readonly value: Value;
  /** The key in JSON where it is not the name. */
  readonly key?: string;
  readonly omitEmpty?: boolean;
}

/** A map with its keys sorted. */
export function goMap(
  values: Readonly<Record<string, Value>>,
  options: { readonly type?: string; readonly zero?: Value; readonly text?: () => string } = {},
): GoMap {
  const { type = 'map[string]interface {}', zero = null, text } = options;
  const entries = new Map(Object.entries(values).sort(([a], [b]) => compareTexts(a, b)));
  return { kind: 'map', type, entries, zero, text };
}

export function goList(
  items: readonly Value[],
  type = '[]interface {}',
  more: Pick<GoList, 'isNil' | 'text' | 'json'> = {},
): GoList {
  return { kind: 'list', type, items, ...more };
}

export function goStruct(type: string, fields: readonly GoField[], text?: () => string): GoStruct {
  return { kind: 'struct', type, fields, text };
}

/** Decoded JSON as Go decodes it into an `interface {}`. */
export function fromJson(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return goList(value.map(fromJson));
  if (typeof value === 'object') {
    return goMap(Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fromJson(one)])));
  }
  return value as boolean | number | string;
}

/** A value as `json.Marshal` writes it. */
export function jsonText(value: Value): string {
  if (value === null) return 'null';
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return toJson(value);
  if (value.kind !== 'struct' && value.isNil) return 'null';
  if (value.kind === 'list') return value.json?.() ?? `[${value.items.map(jsonText).join(',')}]`;
  const pairs: readonly (readonly [string, Value])[] =
    value.kind === 'map'
      ? [...value.entries]
      : value.fields
          .filter(field => !field.omitEmpty || !isEmpty(field.value))
          .map(field => [field.key ?? field.name, field.value]);
  return `{${pairs.map(([key, one]) => `${toJson(key)}:${jsonText(one)}`).join(',')}}`;
}

/** What `omitempty` leaves out. */
const isEmpty = (value: Value) => !isTrue(value);

/** Go's truth: not zero, not empty, not nil. */
export function isTrue(value: Value): boolean {
  if (value === null) return false;
  if (typeof value !== 'object') return Boolean(value) || Number.isNaN(value);
  if (value.kind === 'struct') return true;
  return value.kind === 'list' ? value.items.length > 0 : value.entries.size > 0;
}

/** Go's name of the type. */
export function typeOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
  }
  return value === null ? 'nil' : value.type;
}
