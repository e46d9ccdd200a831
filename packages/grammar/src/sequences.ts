import { NEVER, type Term } from './term.ts';
import type { TermStore } from './term-store.ts';

/** Bytes, each as a char code, and what may follow them. */
export interface Word {
  readonly bytes: string;
  readonly tail: Term;
}

/** Any of the words: those that begin alike do so in one term, so that reading costs one step a byte. */
export function trie(terms: TermStore, words: readonly Word[]): Term {
  const sorted = words.toSorted((a, b) => (a.bytes < b.bytes ? -1 : 1));
  /** Of the words from `first` to before `last`, which share what is before `from`. */
  const among = (first: number, last: number, from: number): Term => {
    const { bytes, tail } = sorted[first];
    if (last - first === 1) return terms.text(bytes.slice(from), tail);
    // what the first and the last share in this order all share
    const other = sorted[last - 1].bytes;
    let shared = from;
    while (shared < bytes.length && bytes[shared] === other[shared]) shared++;
    const parts: Term[] = [];
    let at = first;
    for (; at < last && sorted[at].bytes.length === shared; at++) parts.push(sorted[at].tail);
    while (at < last) {
      const begin = at;
      const next = sorted[at].bytes[shared];
      while (at < last && sorted[at].bytes[shared] === next) at++;
      parts.push(among(begin, at, shared));
    }
    return terms.text(bytes.slice(from, shared), terms.alt(...parts));
  };
  return words.length === 0 ? NEVER : among(0, words.length, 0);
}

/** Ranges of fixed-length digit sequences, over any kind of digit: bytes of UTF-8, hexadecimal, decimal. */
export interface Digits {
  readonly least: number;
  readonly most: number;
  term(from: number, to: number): Term;
}

/** The sequences between `low` and `high`, both included and of one length. */
export function between(
  terms: TermStore,
  digits: Digits,
  low: readonly number[],
  high: readonly number[],
): Term {
  const [from] = low;
  const [to] = high;
  if (low.length === 1) return digits.term(from, to);
  const lows = low.slice(1);
  const highs = high.slice(1);
  const bottom = lows.map(() => digits.least);
  const top = lows.map(() => digits.most);
  if (from === to) return terms.cat(digits.term(from, from), between(terms, digits, lows, highs));
  const parts: Term[] = [];
  let first = from;
  let last = to;
  if (lows.some(x => x !== digits.least)) {
    parts.push(terms.cat(digits.term(first, first), between(terms, digits, lows, top)));
    first++;
  }
  if (highs.some(x => x !== digits.most)) {
    parts.push(terms.cat(digits.term(last, last), between(terms, digits, bottom, highs)));
    last--;
  }
  if (first <= last) parts.push(terms.cat(digits.term(first, last), between(terms, digits, bottom, top)));
  return terms.alt(...parts);
}
