/** JSON string texts (RFC 8259 §7) as terms: every way to write a code point, raw in UTF-8 or escaped. */
import { between, type Digits } from './sequences.ts';
import { EPSILON, NEVER, type Term, type Terms } from './terms.ts';

/** Inclusive ranges of code points. */
export type Ranges = readonly (readonly [number, number])[];

/** Everything that a JSON text can hold: lone surrogates have no UTF-8. */
export const SCALARS: Ranges = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
];

const SHORT_ESCAPES: readonly (readonly [number, string])[] = [
  [0x22, '"'],
  [0x5c, '\\'],
  [0x2f, '/'],
  [0x08, 'b'],
  [0x0c, 'f'],
  [0x0a, 'n'],
  [0x0d, 'r'],
  [0x09, 't'],
];

export interface Characters {
  /** One code point of the ranges, as it may stand inside a string. */
  of(ranges: Ranges): Term;
  /** Any one code point. */
  readonly any: Term;
  readonly quote: Term;
  /** What may stand after the opening quote: `any` without end, and the closing quote. */
  readonly rest: Term;
  /** Any string, with its quotes. */
  readonly string: Term;
  /** A given string, with its quotes, in every spelling. */
  literal(text: string): Term;
  /** A given string in its shortest spelling, with its quotes: what is offered, so that the text is forced. */
  spelling(text: string): Term;
}

export function createCharacters(terms: Terms): Characters {
  const cache = new Map<string, Term>();
  const backslash = terms.bytes(0x5c);
  const hexDigits = (from: number, to: number): Term => {
    const options: Term[] = [];
    for (let digit = from; digit <= to; digit++) {
      const text = digit.toString(16);
      options.push(terms.text(text), terms.text(text.toUpperCase()));
    }
    return terms.alt(...options);
  };

  const HEX: Digits = { least: 0, most: 15, term: hexDigits };
  const UTF8: Digits = { least: 0x80, most: 0xbf, term: (from, to) => terms.bytes(from, to) };
  const hex = (code: number): number[] => [code >> 12, (code >> 8) & 15, (code >> 4) & 15, code & 15];
  const clip = (ranges: Ranges, from: number, to: number, add: (low: number, high: number) => void): void => {
    for (const [low, high] of ranges)
      if (low <= to && high >= from) add(Math.max(low, from), Math.min(high, to));
  };

  const of = (ranges: Ranges): Term => {
    const key = ranges.join(';');
    const known = cache.get(key);
    if (known !== undefined) return known;
    const parts: Term[] = [];
    for (const [from, to] of RAW) {
      clip(ranges, from, to, (low, high) => parts.push(between(terms, UTF8, utf8(low), utf8(high))));
    }
    const escapes: Term[] = [];
    for (const [code, letter] of SHORT_ESCAPES)
      clip(ranges, code, code, () => escapes.push(terms.text(letter)));
    const digits: Term[] = [];
    for (const [from, to] of [[0, 0xd7ff] as const, [0xe000, 0xffff] as const]) {
      clip(ranges, from, to, (low, high) => digits.push(between(terms, HEX, hex(low), hex(high))));
    }
    if (digits.length > 0) escapes.push(terms.cat(terms.bytes(0x75), terms.alt(...digits)));
    if (escapes.length > 0) parts.push(terms.cat(backslash, terms.alt(...escapes)));
    const term = terms.alt(...parts);
    cache.set(key, term);
    return term;
  };

  const any = of(SCALARS);
  const quote = terms.bytes(0x22);

  const rest = terms.cat(terms.repeat(any, 0, Number.POSITIVE_INFINITY), quote);
  return {
    of,
    any,
    quote,
    rest,
    string: terms.cat(quote, rest),
    literal: text => {
      const codes = Array.from(text, char => char.codePointAt(0)!);
      const inside = codes.reduceRight(
        (tail, code) => terms.cat(isSurrogate(code) ? NEVER : of([[code, code]]), tail),
        quote,
      );
      return terms.cat(quote, inside);
    },
    spelling: text => {
      if (Array.from(text).some(char => isSurrogate(char.codePointAt(0)!))) return NEVER;
      const bytes = new TextEncoder().encode(JSON.stringify(text));
      return bytes.reduceRight<Term>((tail, byte) => terms.cat(terms.bytes(byte), tail), EPSILON);
    },
  };
}

/** Code points that may stand unescaped, cut where the length in UTF-8 changes. */
const RAW: Ranges = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7f],
  [0x80, 0x7ff],
  [0x800, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x10ffff],
];

export function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function utf8(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}
