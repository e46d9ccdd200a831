/** The functions of Go templates, and those that Ollama adds. Source: https://pkg.go.dev/text/template#hdr-Functions */
import type { Budget } from '../limits.ts';
import { plain, print, printf, println } from './print.ts';
import { compareTexts, fromBytes, isPrintable, toBytes } from './text.ts';
import { type GoList, goList, isTrue, jsonText, typeOf, type Value } from './values.ts';

/** A function's own error: what the evaluator says `error calling f: ` before. */
export class CallError extends Error {}

export interface GoFunction {
  readonly call: (args: readonly Value[], budget: Budget) => Value;
  /** How many arguments it takes at least, and exactly where it takes no more. */
  readonly least: number;
  readonly exact?: boolean;
}

const exactly = (least: number, call: GoFunction['call']): GoFunction => ({ call, least, exact: true });
const atLeast = (least: number, call: GoFunction['call']): GoFunction => ({ call, least });

export const builtins: Readonly<Record<string, GoFunction>> = {
  // the evaluator stops at the argument that decides
  and: atLeast(1, args => args.at(args.findIndex(arg => !isTrue(arg)))!),
  or: atLeast(1, args => args.at(args.findIndex(isTrue))!),
  not: exactly(1, ([value]) => !isTrue(value)),
  len: exactly(1, ([value], budget) => BigInt(length(value, budget))),
  index: atLeast(1, ([value, ...indexes], budget) =>
    indexes.reduce((item, i) => index(item, i, budget), start('index', value)),
  ),
  slice: atLeast(1, ([value, ...indexes], budget) => slice(start('slice', value), indexes, budget)),
  print: atLeast(0, print),
  println: atLeast(0, println),
  printf: atLeast(1, ([format, ...args], budget) => {
    if (typeof format !== 'string')
      throw new CallError(`wrong type for value; expected string; got ${typeOf(format)}`);
    return printf(format, args, budget);
  }),
  html: atLeast(0, (args, budget) => escaped(args, budget, /["'&<>]/g, char => htmlEscapes[char])),
  js: atLeast(0, (args, budget) => escaped(args, budget, /[\\'"<>&=]|[^ -~]/gu, jsEscape)),
  urlquery: atLeast(0, (args, budget) => escaped(args, budget, /[^\w.~-]/gsu, urlEscape)),
  call: atLeast(1, ([value]) => {
    throw new CallError(value === null ? 'call of nil' : `non-function of type ${typeOf(value)}`);
  }),
  eq: atLeast(1, ([value, ...others]) => {
    if (others.length === 0) throw new CallError('missing argument for comparison');
    return others.some(other => equal(value, other));
  }),
  ne: exactly(2, ([a, b]) => !equal(a, b)),
  lt: exactly(2, ([a, b]) => less(a, b)),
  le: exactly(2, ([a, b]) => less(a, b) || equal(a, b)),
  gt: exactly(2, ([a, b]) => !less(a, b) && !equal(a, b)),
  ge: exactly(2, ([a, b]) => !less(a, b)),
};

/** What Ollama's `template/template.go` adds. */
export const ollamaFunctions: Readonly<Record<string, GoFunction>> = {
  json: exactly(1, ([value]) => jsonText(value)),
  currentDate: atLeast(0, () => localDate(0)),
  yesterdayDate: atLeast(0, () => localDate(-1)),
  toTypeScriptType: exactly(1, ([value]) => typeScriptType(value)),
};

function start(name: string, value: Value): Value {
  if (value === null) throw new CallError(`${name} of untyped nil`);
  return value;
}

/** Bytes of a text, items of a list or map. */
function length(value: Value, budget: Budget): number {
  if (value === null) throw new CallError('len of nil pointer');
  if (typeof value === 'string') return bytes(value, budget).length;
  if (typeof value === 'object' && value.kind === 'list') return value.items.length;
  if (typeof value === 'object' && value.kind === 'map') return value.entries.size;
  throw new CallError(`len of type ${typeOf(value)}`);
}

function bytes(text: string, budget: Budget): Uint8Array {
  budget.spend(text.length >> 6);
  return toBytes(text);
}

function index(item: Value, key: Value, budget: Budget): Value {
  if (item === null) throw new CallError('index of nil pointer');
  if (typeof item === 'string') {
    const all = bytes(item, budget);
    const at = position(key, all.length);
    if (at === all.length) throw new CallError('reflect: string index out of range');
    return BigInt(all[at]);
  }
  if (typeof item === 'object' && item.kind === 'list') {
    const at = position(key, item.items.length);
    if (at === item.items.length) throw new CallError('reflect: slice index out of range');
    return item.items[at];
  }
  if (typeof item === 'object' && item.kind === 'map') {
    if (key === null) throw new CallError('value is nil; should be of type string');
    if (typeof key !== 'string') throw new CallError(`value has type ${typeOf(key)}; should be string`);
    return item.entries.has(key) ? item.entries.get(key)! : item.zero;
  }
  throw new CallError(`can't index item of type ${typeOf(item)}`);
}

function position(key: Value, most: number): number {
  if (key === null) throw new CallError('cannot index slice/array with nil');
  if (typeof key !== 'bigint') throw new CallError(`cannot index slice/array with type ${typeOf(key)}`);
  if (key < 0n || key > BigInt(most)) throw new CallError(`index out of range: ${key}`);
  return Number(key);
}

/** A part of a text, counted in bytes, or of a list. */
function slice(item: Value, indexes: readonly Value[], budget: Budget): Value {
  if (indexes.length > 3) throw new CallError(`too many slice indexes: ${indexes.length}`);
  const isText = typeof item === 'string';
  if (isText && indexes.length === 3) throw new CallError('cannot 3-index slice a string');
  if (!isText && (typeof item !== 'object' || item?.kind !== 'list')) {
    throw new CallError(`can't slice item of type ${typeOf(item)}`);
  }
  const all = isText ? bytes(item, budget) : (item as GoList).items;
  const [from = 0, to = all.length, most = all.length] = indexes.map(key => position(key, all.length));
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  if (to > most) throw new CallError(`invalid slice index: ${to} > ${most}`);
  if (isText) return fromBytes((all as Uint8Array).subarray(from, to));
  return goList((item as GoList).items.slice(from, to), (item as GoList).type);
}

function equal(a: Value, b: Value): boolean {
  if (a === null || b === null) return isNil(a) && isNil(b);
  if (typeof a !== 'object' && typeof a === typeof b) return a === b;
  if (typeof a !== 'object' || typeof b !== 'object') {
    throw new CallError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
  }
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  throw new CallError(`non-comparable type ${plain(b)}: ${typeOf(b)}`);
}

const isNil = (value: Value) =>
  value === null || (typeof value === 'object' && value.kind === 'list' && value.isNil === true);

function less(a: Value, b: Value): boolean {
  for (const value of [a, b]) {
    if (value === null || typeof value === 'object') throw new CallError('invalid type for comparison');
  }
  if (typeof a !== typeof b) {
    throw new CallError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
  }
  if (typeof a === 'string') return compareTexts(a, b as string) < 0;
  if (typeof a === 'boolean') throw new CallError('invalid type for comparison');
  return a! < b!;
}

/** The arguments, printed, with some characters replaced. */
function escaped(
  args: readonly Value[],
  budget: Budget,
  special: RegExp,
  replace: (char: string) => string,
): string {
  const text = print(
    args.map(arg => arg ?? '<no value>'),
    budget,
  );
  budget.spend(text.length >> 3);
  return text.replace(special, replace);
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function jsEscape(char: string): string {
  if (/[\\'"]/.test(char)) return `\\${char}`;
  if (char === '\x7f' || (char > '\x7f' && isPrintable(char))) return char;
  return `\\u${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

function urlEscape(char: string): string {
  if (char === ' ') return '+';
  return [...toBytes(char)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function localDate(days: number): string {
  const date = new Date();
  date.setDate(date.getDate() + days);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

const typeScriptNames: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  array: 'any[]',
  object: 'Record<string, any>',
  null: 'null',
};

/** The type of a tool's parameter as TypeScript writes it; `any` for what is no parameter. */
function typeScriptType(value: Value): string {
  if (typeof value !== 'object' || value?.kind !== 'struct' || value.type !== 'api.ToolProperty')
    return 'any';
  const itemsOf = (name: string) => {
    const field = value.fields.find(one => one.name === name)?.value as GoList | undefined;
    return field?.items ?? [];
  };
  const choices = itemsOf('AnyOf').map(typeScriptType);
  if (choices.length > 0) return choices.join(' | ');
  return (
    itemsOf('Type')
      .map(type => typeScriptNames[String(type)] ?? 'any')
      .join(' | ') || 'any'
  );
}
