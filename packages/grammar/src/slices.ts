/**
 * Tokens of certain characters only. Inside a string of which a pattern asks no more than to consist of such characters, these all
 * may follow, and only the others are to be looked at.
 */
import type { Characters } from './characters.ts';
import type { InsideTokens } from './string-tokens.ts';
import { EPSILON, type Term, type Terms } from './terms.ts';
import type { Trie } from './trie.ts';

export interface Slice {
  /** Any number of such characters, and the closing quote. */
  readonly term: Term;
  readonly tokens: InsideTokens;
  /** The tokens that begin with such a character and are none of them. */
  readonly rest: Trie;
}

/** From many characters to few; the first stands for all that a string may hold. */
const CLASSES = ['', '!#-[]-~', '-.0-9A-Z_a-z', '-0-9A-Z_a-z', 'A-Za-z', 'a-z'];

/** The terms of the classes. */
export function sliceTerms(terms: Terms, characters: Characters): readonly Term[] {
  return CLASSES.map(text => {
    const ranges = [...text.matchAll(/(.)(?:-(.))?/g)].map(
      ([, from, to = from]) => [from.charCodeAt(0), to.charCodeAt(0)] as const,
    );
    const character = text === '' ? characters.any : characters.of(ranges);
    return terms.cat(terms.repeat(character, 0, Number.POSITIVE_INFINITY), characters.quote);
  });
}

/** States that are looked at before a slice is given up. */
const MAX_STATES = 100;
/** Tokens too long for a bounded string that are tried one by one. */
const MAX_LONGER = 100;

/**
 * How many tokens of the slice, in the order of `inside`, may follow `rest` whatever their characters are; those behind them are to be
 * tried. Absent where there would be too many.
 */
export function sliceOf(terms: Terms, rest: Term, { term, tokens: { upTo } }: Slice): number | undefined {
  const total = upTo.length > 0 ? upTo[upTo.length - 1] : 0;
  // At least one, so that words and numbers, which do not take all characters, are out.
  const enough = Math.max(
    1,
    upTo.findIndex(count => total - count <= MAX_LONGER),
  );
  if (upTo.length <= enough) return undefined;
  let level = new Set<Term>([rest]);
  let states = 0;
  for (let length = 0; length < enough; length++) {
    const ends = new Set<Term>();
    const open: (readonly [Term, Term])[] = [...level].map(state => [state, term]);
    for (let pair = open.pop(); pair; pair = open.pop()) {
      if (++states > MAX_STATES) return undefined;
      for (const [next, within] of steps(terms, pair)) {
        if (next <= EPSILON) return undefined;
        if (within === term) ends.add(next);
        else open.push([next, within]);
      }
    }
    // From here on it is the same again.
    if (ends.size === level.size && [...ends].every(state => level.has(state))) return total;
    level = ends;
  }
  return upTo[enough];
}

/** Where two terms lead, byte by byte that the second one goes on with; equal pairs once. */
function steps(terms: Terms, [state, within]: readonly [Term, Term]): readonly (readonly [Term, Term])[] {
  const pairs = new Map<number, readonly [Term, Term]>();
  for (let byte = 0; byte < 256; byte++) {
    const other = terms.next(within, byte);
    if (other <= EPSILON) continue;
    const next = terms.next(state, byte);
    if (next <= EPSILON) return [[next, other]];
    pairs.set(next * MAX_SHARED + other, [next, other]);
  }
  return [...pairs.values()];
}

/** More than there are terms that all grammars share. */
const MAX_SHARED = 2 ** 14;
