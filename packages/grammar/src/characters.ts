/**
 * JSON string texts (RFC 8259 §7) as terms. Every code point has one spelling, that of `JSON.stringify`: raw in UTF-8, escaped only
 * where it must be. So equal strings are equal bytes, and what is not offered could have been written otherwise.
 */
import { between, type Digits } from './sequences.ts';
import type { Term, Terms } from './terms.ts';

/** Inclusive ranges of code points. */
export type Ranges = readonly (readonly [number, number])[];

/** Everything that a JSON text can hold: lone surrogates have no UTF-8. */
export const SCALARS: Ranges = [
  [0, 0xd7ff],
  [0xe000, 0x10ffff],
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
  /** A given string, with its quotes; NEVER when it has lone surrogates. */
  literal(text: string): Term;
  /** Any of these strings; NEVER when there is none. */
  literals(texts: Iterable<string>): Term;
}

/** What every string is made of is taken from `base`, if given: that of a store of which this one is a fork. */
export function createCharacters(terms: Terms, base?: Characters): Characters {
  const cache = new Map<string, Term>();
  const UTF8: Digits = { least: 0x80, most: 0xbf, term: (from, to) => terms.bytes(from, to) };

  const of = (ranges: Ranges): Term => {
    const key = ranges.join(';');
    const known = cache.get(key);
    if (known !== undefined) return known;
    const parts: Term[] = [];
    for (const [from, to] of RAW)
      for (const [low, high] of ranges)
        if (low <= to && high >= from)
          parts.push(between(terms, UTF8, utf8(Math.max(low, from)), utf8(Math.min(high, to))));
    for (const code of ESCAPED)
      if (ranges.some(([low, high]) => low <= code && code <= high))
        parts.push(terms.text(JSON.stringify(String.fromCharCode(code)).slice(1, -1)));
    const term = terms.character(terms.alt(...parts));
    cache.set(key, term);
    return term;
  };

  const whole = (): Pick<Characters, 'any' | 'quote' | 'rest' | 'string'> => {
    const any = of(SCALARS);
    const quote = terms.bytes(QUOTE);
    terms.setRuns(any, quote);
    const rest = terms.cat(terms.repeat(any, 0, Number.POSITIVE_INFINITY), quote);
    return { any, quote, rest, string: terms.cat(quote, rest) };
  };
  const { any, quote, rest, string } = base ?? whole();
  const literals = (texts: Iterable<string>): Term => {
    const spelled: string[] = [];
    for (const text of texts) if (text.isWellFormed()) spelled.push(`"${spellingOf(text)}"`);
    return terms.strings(spelled);
  };
  return {
    of,
    any,
    quote,
    rest,
    string,
    literal: text => literals([text]),
    literals,
  };
}

const QUOTE = 0x22;

/** Code points that may not stand unescaped. */
const ESCAPED = [QUOTE, 0x5c, ...Array.from({ length: 0x20 }, (_, i) => i)];

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

/** What is spelled as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
const decoder = new TextDecoder();

/** Bytes of UTF-8 as a text. */
export const decode = (bytes: Uint8Array): string => decoder.decode(bytes);

/** The one spelling of a string, in UTF-8, with its quotes. */
export function spell(text: string): Uint8Array {
  const spelling = spellingOf(text);
  const bytes = new Uint8Array(spelling.length + 2).fill(QUOTE);
  for (let i = 0; i < spelling.length; i++) bytes[i + 1] = spelling.charCodeAt(i);
  return bytes;
}

/** The name that is spelled so. */
export function nameOf(spelling: string): string {
  if (PLAIN.test(spelling)) return spelling;
  return JSON.parse(`"${decode(Uint8Array.from(spelling, char => char.charCodeAt(0)))}"`);
}

/** A name as it stands between its quotes, a char code for each byte. */
export function spellingOf(name: string): string {
  if (PLAIN.test(name)) return name;
  let spelling = '';
  for (const byte of new TextEncoder().encode(JSON.stringify(name).slice(1, -1)))
    spelling += String.fromCharCode(byte);
  return spelling;
}

function utf8(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}
