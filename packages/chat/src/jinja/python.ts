/**
 * Methods of strings and filters that the library lacks, gets wrong, or would run without bounds.
 * Each takes its arguments evaluated; undefined as the result leaves the work to the library.
 */

import { writeJson } from './json.ts';
import type { JinjaBudget } from './limits.ts';
import {
  display,
  isList,
  isMap,
  isNull,
  isNumber,
  isText,
  isUndefined,
  list,
  repr,
  text,
  toValue,
  type Value,
} from './values.ts';

export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}
type Method = (self: string, args: Arguments, budget: JinjaBudget) => Value | undefined;
type Filter = (operand: Value, args: Arguments, budget: JinjaBudget) => Value | undefined;

/** An argument by position or name; absent where it is missing, undefined or None. */
function argument({ positional, named }: Arguments, position: number, name: string): Value | undefined {
  const value = positional[position] ?? named.get(name);
  return value && !isUndefined(value) && !isNull(value) ? value : undefined;
}

function strip(self: string, args: Arguments, atStart: boolean, atEnd: boolean): Value | undefined {
  const chars = argument(args, 0, 'chars');
  if (!chars) return undefined;
  const set = new Set(display(chars));
  let start = 0;
  let end = self.length;
  while (atStart && start < end && set.has(self[start])) start++;
  while (atEnd && start < end && set.has(self[end - 1])) end--;
  return text(self.slice(start, end));
}

function replace(self: string, args: Arguments, budget: JinjaBudget): Value {
  const [old, fresh] = args.positional;
  if (!old || !fresh || !isText(old) || !isText(fresh)) throw new Error('replace() needs two strings');
  const count = argument(args, 2, 'count');
  const limit = count && isNumber(count) && count.value >= 0 ? count.value : Number.POSITIVE_INFINITY;
  budget.search(old.value, self);
  const parts = old.value === '' ? ['', ...self, ''] : self.split(old.value);
  const replaced = Math.min(limit, parts.length - 1);
  budget.checkSize(self.length + replaced * (fresh.value.length - old.value.length));
  const kept = parts.splice(replaced).join(old.value);
  return text([...parts, kept].join(fresh.value));
}

/** `str.format` with `{}`, `{0}` and `{name}`, without format specifications. */
function format(self: string, { positional, named }: Arguments, budget: JinjaBudget): Value {
  let next = 0;
  let size = 0;
  const formatted = self.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (match, field: string | undefined) => {
    if (field === undefined) return match[0];
    const value = field === '' ? positional[next++] : (named.get(field) ?? positional[Number(field)]);
    if (!value) throw new Error(`format() has no argument for ${match}`);
    const piece = display(value);
    size += piece.length;
    budget.checkSize(size);
    return piece;
  });
  return text(formatted);
}

export const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['strip', (self, args) => strip(self, args, true, true)],
  ['lstrip', (self, args) => strip(self, args, true, false)],
  ['rstrip', (self, args) => strip(self, args, false, true)],
  ['replace', replace],
  ['format', format],
  [
    'split',
    (self, args, budget) => {
      const separator = argument(args, 0, 'sep');
      if (separator && isText(separator)) budget.search(separator.value, self);
      const parts = separator ? self.split(display(separator)) : (self.match(/\S+/g) ?? []);
      budget.checkItems(parts.length);
      return undefined;
    },
  ],
]);

/** Undefined is an empty list to a filter of lists, and so is None where Jinja tests it first. */
const ofList =
  (noneToo: boolean): Filter =>
  operand =>
    isUndefined(operand) || (noneToo && isNull(operand)) ? list([]) : undefined;

/** The least number (`sign` 1) or the greatest (−1); what is not a list of numbers is left to the library, which refuses it. */
const extreme =
  (sign: 1 | -1): Filter =>
  operand => {
    if (!isList(operand) || !operand.value.every(isNumber)) return undefined;
    return operand.value.reduce<Value>((best, item) => {
      const better = isUndefined(best) || sign * Number(item.value) < sign * Number(best.value);
      return better ? item : best;
    }, toValue(undefined));
  };

export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['string', operand => text(repr(operand, string => string))],
  ['length', operand => (isUndefined(operand) ? toValue(0) : undefined)],
  ['count', operand => (isUndefined(operand) ? toValue(0) : undefined)],
  ['list', ofList(false)],
  ['items', ofList(false)],
  ['reverse', ofList(false)],
  ['sort', ofList(false)],
  ['unique', ofList(false)],
  ['map', ofList(true)],
  ['selectattr', ofList(true)],
  ['rejectattr', ofList(true)],
  ['min', extreme(1)],
  ['max', extreme(-1)],
  ['trim', (operand, args) => strip(display(operand), args, true, true) ?? text(display(operand).trim())],
  [
    'replace',
    (operand, args, budget) => (isText(operand) ? replace(operand.value, args, budget) : undefined),
  ],
  [
    'join',
    (operand, args, budget) => {
      if (args.named.has('attribute') || args.positional.length > 1) {
        throw new Error('join with an attribute is not supported');
      }
      const separator = argument(args, 0, 'd');
      const items = isUndefined(operand)
        ? []
        : isText(operand)
          ? [...operand.value]
          : isList(operand)
            ? operand.value.map(display)
            : isMap(operand)
              ? [...operand.value.keys()]
              : undefined;
      if (!items) return undefined;
      const between = separator ? display(separator) : '';
      budget.checkSize(items.length * between.length);
      return text(items.join(between));
    },
  ],
  [
    'indent',
    (operand, args, budget) => {
      const width = argument(args, 0, 'width');
      if (isText(operand) && width && isNumber(width)) {
        budget.checkSize(operand.value.split('\n').length * width.value);
      }
      return undefined;
    },
  ],
  [
    'tojson',
    (operand, args, budget) => {
      const { named } = args;
      const indent = argument(args, 1, 'indent');
      const separators = argument(args, 2, 'separators');
      return text(
        writeJson(
          operand,
          {
            indent: indent && (isNumber(indent) || isText(indent)) ? indent.value : undefined,
            separators:
              separators && isList(separators)
                ? [display(separators.value[0]), display(separators.value[1])]
                : undefined,
            sortKeys: named.get('sort_keys')?.value === true,
            ensureAscii: (args.positional[0] ?? named.get('ensure_ascii'))?.value === true,
          },
          budget,
        ),
      );
    },
  ],
]);
