/**
 * JSON to the fields of a request, as Go fills a struct: keys match without regard to case, null is absent, unknown keys are ignored,
 * the last of a doubled key counts, and a wrong type is named with the whole path of its field.
 */
import { StatusError } from '@tabllama/api';
import { type Json, JsonError, JsonNumber, JsonObject, parseJson } from './json.ts';

/** How a field is read: Go's name of its type for errors, and the value of a JSON that is not null. */
export interface Field<T> {
  readonly goType: string;
  /** What null becomes in an array or a map. */
  readonly zero: T;
  /** Undefined after a mistake, which is told to `reader`. */
  read(json: Json, reader: Reader): T | undefined;
}

/** What a field reads. */
export type Value<F> = F extends Field<infer T> ? T : never;

export type Decoded<F> = { [K in keyof F]?: Value<F[K]> };

/** Where in the request we are, and the first mistake: Go goes on after it, and reports it at the end. */
export class Reader {
  /** The innermost struct; empty in one without a name. */
  struct: string;
  readonly path: string[];
  /** Within what Ollama decodes with its own code the struct around it is the one that is named. */
  readonly isOwn: boolean;
  mistake?: string;

  constructor(struct = '', path: readonly string[] = [], isOwn = false) {
    this.struct = struct;
    this.path = [...path];
    this.isOwn = isOwn;
  }

  wrongType(json: Json, goType: string, detail = ''): undefined {
    const place = this.path.length > 0 ? `struct field ${this.struct}.${this.path.join('.')}` : 'value';
    this.mistake ??= `json: cannot unmarshal ${kind(json)}${detail} into Go ${place} of type ${goType}`;
  }
}

/**
 * Decodes a request body. `type` is the name that Ollama's type has, with its package where that is not `api`. Throws StatusError 400.
 */
export function decodeBody<F extends Record<string, Field<unknown>>>(
  bytes: Uint8Array,
  type: string,
  fields: F,
): Decoded<F> {
  return decodeJson(parseBody(bytes), type, fields);
}

/** A request body as JSON; `empty` is said where there is none. Throws StatusError 400. */
export function parseBody(bytes: Uint8Array, empty = 'missing request body'): Json {
  let json: Json | undefined;
  try {
    json = parseJson(bytes);
  } catch (error) {
    if (error instanceof JsonError) throw new StatusError(400, error.message);
    throw error;
  }
  if (json === undefined) throw new StatusError(400, empty);
  return json;
}

/** Decodes a JSON object, `type` as above. Throws StatusError 400. */
export function decodeJson<F extends Record<string, Field<unknown>>>(
  json: Json,
  type: string,
  fields: F,
): Decoded<F> {
  if (json === null) return {};
  const reader = new Reader();
  const goType = /[. ]/.test(type) ? type : `api.${type}`;
  const value = object(goType, fields).read(json, reader);
  if (reader.mistake !== undefined) throw new StatusError(400, reader.mistake);
  return value ?? {};
}

export const string: Field<string> = {
  goType: 'string',
  zero: '',
  read: (json, reader) => (typeof json === 'string' ? json : reader.wrongType(json, 'string')),
};

export const bool: Field<boolean> = {
  goType: 'bool',
  zero: false,
  read: (json, reader) => (typeof json === 'boolean' ? json : reader.wrongType(json, 'bool')),
};

export const int: Field<number> = {
  goType: 'int',
  zero: 0,
  read(json, reader) {
    if (!(json instanceof JsonNumber)) return reader.wrongType(json, 'int');
    if (isInt64(json.text)) return Number(json.text);
    return reader.wrongType(json, 'int', ` ${json.text}`);
  },
};

/** Go's `int` has 64 bits; above 2^53 the nearest number stands for it, as in Ollama's options. */
function isInt64(text: string): boolean {
  if (!/^-?[0-9]{1,19}$/.test(text)) return false;
  return BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

/** A number that Go keeps in so many bits. */
export const float64 = float('float64', Number.MAX_VALUE);
export const float32 = float('float32', 3.4028234663852886e38);

function float(goType: string, most: number): Field<number> {
  return {
    goType,
    zero: 0,
    read(json, reader) {
      if (!(json instanceof JsonNumber)) return reader.wrongType(json, goType);
      const value = Number(json.text);
      return Math.abs(value) <= most ? value : reader.wrongType(json, goType, ` ${json.text}`);
    },
  };
}

/** Anything, as plain JavaScript. */
export const any: Field<unknown> = {
  goType: 'interface {}',
  zero: null,
  read: (json, reader) => plain(json, reader),
};

/** A JSON as it was written. */
export const raw: Field<Json> = { goType: 'json.RawMessage', zero: null, read: json => json };

/** An object with values of one kind. */
export function map<T>(item: Field<T>): Field<Readonly<Record<string, T>>> {
  const goType = `map[string]${item.goType}`;
  return {
    goType,
    zero: {},
    read(json, reader) {
      if (!(json instanceof JsonObject)) return reader.wrongType(json, goType);
      const pairs = json.entries.map(([key, value]) => [
        key,
        value === null ? item.zero : item.read(value, reader),
      ]);
      return Object.fromEntries(pairs) as Record<string, T>;
    },
  };
}

export function array<T>(item: Field<T>, goType = `[]${item.goType}`): Field<readonly T[]> {
  return {
    goType,
    zero: [],
    read(json, reader) {
      if (!Array.isArray(json)) return reader.wrongType(json, goType);
      const items: T[] = [];
      for (const value of json) {
        const read = value === null ? item.zero : item.read(value, reader);
        if (read !== undefined) items.push(read);
      }
      return items;
    },
  };
}

export function object<F extends Record<string, Field<unknown>>>(
  goType: string,
  fields: F,
): Field<Decoded<F>> {
  const byFolded = new Map(Object.keys(fields).map(name => [folded(name), name]));
  const struct = /^\w+\.(\w+)$/.exec(goType)?.[1] ?? '';
  return {
    goType,
    zero: {},
    read(json, reader) {
      if (!(json instanceof JsonObject)) return reader.wrongType(json, goType);
      const result: Record<string, unknown> = {};
      const outer = reader.struct;
      if (!reader.isOwn) reader.struct = struct;
      for (const [key, value] of json.entries) {
        const name = Object.hasOwn(fields, key) ? key : byFolded.get(folded(key));
        if (name === undefined || value === null) continue;
        reader.path.push(name);
        result[name] = fields[name].read(value, reader);
        reader.path.pop();
      }
      reader.struct = outer;
      return result as Decoded<F>;
    },
  };
}

/** Without regard to case; the long s is an s, as in Go. */
const folded = (key: string) => key.replaceAll('ſ', 's').toLowerCase();

/** A type that Ollama decodes with its own code: a mistake in it ends the decoding at once. */
export function own<T>(field: Field<T>): Field<T> {
  return {
    ...field,
    read(json, { struct, path }) {
      const reader = new Reader(struct, path, true);
      const value = field.read(json, reader);
      if (reader.mistake !== undefined) throw new StatusError(400, reader.mistake);
      return value;
    },
  };
}

/** A value that Ollama reads with its own code: what that says ends the decoding at once. */
export function custom<T>(goType: string, zero: T, read: (value: unknown) => T): Field<T> {
  return {
    goType,
    zero,
    read(json, reader) {
      const value = own(any).read(json, reader);
      try {
        return read(value);
      } catch (error) {
        if (error instanceof StatusError) throw error;
        throw new StatusError(400, (error as Error).message);
      }
    },
  };
}

const MAX_PLAIN_DEPTH = 1000; // far above any schema; what reads such a value later may recurse

/** A JSON as plain JavaScript. Throws StatusError 400 for what is nested too deeply. */
export const toPlain = (json: Json): unknown => plain(json, new Reader(''));

function checkDepth(depth: number): void {
  if (depth > MAX_PLAIN_DEPTH) throw new StatusError(400, `json: nested more than ${MAX_PLAIN_DEPTH} deep`);
}

function plain(json: Json, reader: Reader, depth = 0): unknown {
  checkDepth(depth);
  if (json instanceof JsonNumber) {
    const value = Number(json.text);
    return Number.isFinite(value) ? value : reader.wrongType(json, 'float64', ` ${json.text}`);
  }
  if (Array.isArray(json)) return json.map(value => plain(value, reader, depth + 1));
  if (json instanceof JsonObject) {
    return Object.fromEntries(json.entries.map(([key, value]) => [key, plain(value, reader, depth + 1)]));
  }
  return json;
}

/** A JSON as text, without blanks; the order of keys and the digits of numbers stay. Throws StatusError 400 for one nested too deeply. */
export function toText(json: Json, depth = 0): string {
  checkDepth(depth);
  if (json instanceof JsonNumber) return json.text;
  if (Array.isArray(json)) return `[${json.map(value => toText(value, depth + 1)).join()}]`;
  if (!(json instanceof JsonObject)) return JSON.stringify(json);
  const entries = json.entries.map(([key, value]) => `${JSON.stringify(key)}:${toText(value, depth + 1)}`);
  return `{${entries.join()}}`;
}

/** Plain values as `JSON.stringify` writes them, and what is in them of JSON as it was written. */
export function stringify(value: unknown): string {
  if (value instanceof JsonObject || value instanceof JsonNumber) return toText(value);
  if (Array.isArray(value))
    return `[${value.map(one => (one === undefined ? 'null' : stringify(one))).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${stringify(one)}`).join()}}`;
}

function kind(json: Json): string {
  if (Array.isArray(json)) return 'array';
  if (json instanceof JsonObject) return 'object';
  if (json instanceof JsonNumber) return 'number';
  return typeof json === 'boolean' ? 'bool' : typeof json;
}
