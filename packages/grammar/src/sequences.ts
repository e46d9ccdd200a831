import type { Term, Terms } from './terms.ts';

/** Bytes, and what may follow them. */
export interface Word {
  readonly bytes: Uint8Array;
  readonly tail: Term;
}

/** Any of the words, from a byte on: those that begin alike share it, so that reading costs one step a byte. */
export function trie(terms: Terms, words: readonly Word[], depth = 0): Term {
  if (words.length === 1) {
    const [{ bytes, tail }] = words;
    let term = tail;
    for (let i = bytes.length - 1; i >= depth; i--) term = terms.cat(terms.bytes(bytes[i]), term);
    return term;
  }
  const parts: Term[] = [];
  const groups = new Map<number, Word[]>();
  for (const word of words) {
    const byte = word.bytes[depth];
    const group = groups.get(byte);
    if (depth === word.bytes.length) parts.push(word.tail);
    else if (group) group.push(word);
    else groups.set(byte, [word]);
  }
  for (const [byte, group] of groups) parts.push(terms.cat(terms.bytes(byte), trie(terms, group, depth + 1)));
  return terms.alt(...parts);
}

/** Ranges of fixed-length digit sequences, over any kind of digit: bytes of UTF-8, hexadecimal, decimal. */
export interface Digits {
  readonly least: number;
  readonly most: number;
  term(from: number, to: number): Term;
}

/** The sequences between `low` and `high`, both included and of one length. */
export function between(terms: Terms, digits: Digits, low: readonly number[], high: readonly number[]): Term {
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
