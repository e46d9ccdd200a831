/** What a keyword is given to become a formula. */
import { GrammarError } from '../error.ts';
import { type Formula, WORDS } from '../formulas.ts';
import { isDecimal, isObject, type Json, type JsonObject, toInteger } from '../json.ts';
import type { Division } from '../numbers.ts';
import { PatternError } from '../pattern-syntax.ts';
import type { Reading } from '../reading.ts';
import { NEVER, type Term } from '../terms.ts';

/** Of one object's properties: every step looks at all of them. */
const MAX_NAMES = 2000;

/** The formula that a keyword with this value stands for. */
export type Keyword = (value: Json, reading: Reading, keyword: string) => Formula;

/** The keyword has no meaning of its own: it is read by another one, or is a container, or an annotation. */
export function refuse(reading: Reading, keyword: string, reason: string): never {
  throw new GrammarError('unsupported', reading.pointer, keyword, reason);
}

export function invalid(reading: Reading, keyword: string, expected: string): never {
  throw new GrammarError('invalid', reading.pointer, keyword, `${keyword} is not ${expected}`);
}

export function naturalNumber(value: Json, reading: Reading, keyword: string): number {
  const number = isDecimal(value) ? toInteger(value) : undefined;
  return number !== undefined && number >= 0 ? number : invalid(reading, keyword, 'a whole number');
}

export function text(value: Json, reading: Reading, keyword: string): string {
  return typeof value === 'string' ? value : invalid(reading, keyword, 'a string');
}

export function texts(value: Json, reading: Reading, keyword: string): readonly string[] {
  const fine = Array.isArray(value) && value.every(item => typeof item === 'string');
  if (!fine) return invalid(reading, keyword, 'an array of strings');
  return value.length > MAX_NAMES ? refuse(reading, keyword, `it has more than ${MAX_NAMES} names`) : value;
}

export function object(value: Json, reading: Reading, keyword: string): JsonObject {
  if (!isObject(value)) return invalid(reading, keyword, 'an object');
  return value.size > MAX_NAMES ? refuse(reading, keyword, `it has more than ${MAX_NAMES} names`) : value;
}

/** The names in an object, where it is one. */
export const keys = (value: Json | undefined): Iterable<string> => (isObject(value) ? value.keys() : []);

/** The subschemas of an array of schemas. */
export function schemas(value: Json, reading: Reading, keyword: string): readonly Formula[] {
  if (!Array.isArray(value) || value.length === 0) return invalid(reading, keyword, 'an array of schemas');
  return value.map((item, i) => reading.subschema(item, `/${keyword}/${i}`));
}

/** An assertion about numbers only. */
export function numberAtom({ formulas, characters }: Reading, { inside, outside }: Division): Formula {
  return formulas.atom({
    kind: 'scalar',
    words: WORDS,
    number: inside,
    numberOut: outside,
    string: characters.string,
    stringOut: NEVER,
    array: true,
    object: true,
  });
}

/** An assertion about strings only: `term` is those offered, `valid` (the same, if absent) all that satisfy it. */
export function stringAtom(
  { formulas, characters, numbers, terms }: Reading,
  term: Term,
  valid: Term = term,
): Formula {
  return formulas.atom({
    kind: 'scalar',
    words: WORDS,
    number: numbers.any,
    numberOut: NEVER,
    string: term,
    stringOut: terms.and(characters.string, terms.not(valid)),
    array: true,
    object: true,
  });
}

/** JSON pointer tokens (RFC 6901). */
export function escapePointer(key: string): string {
  return /[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key;
}

/** A pattern's own error as an error of the schema. */
export function patternOf(make: () => Term, pointer: string, keyword: string): Term {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new GrammarError('unsupported', pointer, keyword, `the pattern holds ${error.message}`);
  }
}
