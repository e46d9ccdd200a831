/**
 * Tokens of certain characters only. Inside a string of which a pattern asks no more than to consist of such characters, these all
 * may follow, and only the others are to be looked at.
 */
import type { Characters } from './characters.ts';
import type { InsideTokens } from './string-tokens.ts';
import { EPSILON, NEVER, type Term, type Terms } from './terms.ts';
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

/** States that are looked at before a slice is given up: at once, and of one grammar altogether. */
const MAX_STATES = 200;
const MAX_EVER = 4000;
/** More than there are terms that all grammars share. */
const MAX_SHARED = 2 ** 14;

/** What is known of a term: so many characters may follow, and where it is exact, no more. */
interface Proof {
  readonly least: number;
  readonly exact: boolean;
  /** So many bytes end a string wherever these characters lead; infinite where that was not looked at. */
  readonly wait: number;
}

/** How many characters of a class may follow a term whatever they are; `most` stands for any number from there on. */
export type Reach = (rest: Term, most: number) => number;

/** `slice` is any number of characters of the class, and the closing quote. */
export function createReach(terms: Terms, slice: Term): Reach {
  /** Without `wait`, and with it. */
  const proofs = [new Map<Term, Proof>(), new Map<Term, Proof>()];
  const steps = new Map<Term, readonly Term[]>();
  const covered = new Map<Term, boolean>();
  let states = 0;
  let ever = 0;

  /** Where a term leads by each character of the class; only NEVER where one of them leads nowhere. */
  const ends = (from: Term): readonly Term[] => {
    const known = steps.get(from);
    if (known) return known;
    const found = new Set<Term>();
    const seen = new Set<number>();
    const open: (readonly [Term, Term])[] = [[from, slice]];
    for (let pair = open.pop(); pair && !found.has(NEVER); pair = open.pop()) {
      const [state, within] = pair;
      states++;
      const [own, other] = [terms.row(state).classOf, terms.row(within).classOf];
      for (let byte = 0; byte < 256; byte++) {
        const classes = (pair[0] * MAX_SHARED + within) * 2 ** 16 + own[byte] * 256 + other[byte];
        if (seen.has(classes)) continue;
        seen.add(classes);
        const inside = terms.next(within, byte);
        if (inside <= EPSILON) continue;
        const next = terms.next(state, byte);
        if (inside === slice) found.add(next);
        else if (next <= EPSILON) found.add(NEVER);
        else if (!seen.has(-(next * MAX_SHARED + inside))) {
          seen.add(-(next * MAX_SHARED + inside));
          open.push([next, inside]);
        }
      }
    }
    const list = found.has(NEVER) ? [NEVER] : [...found];
    steps.set(from, list);
    return list;
  };

  /** Whether every character of the class is a text of the term. */
  const covers = (character: Term): boolean => {
    let yes = covered.get(character);
    if (yes === undefined) {
      yes = ends(character).every(end => end === EPSILON);
      covered.set(character, yes);
    }
    return yes;
  };

  const visit = (rest: Term, most: number, waits: boolean): Proof => {
    if (rest <= EPSILON) return { least: -1, exact: true, wait: 0 };
    let wait = waits ? terms.wait(rest) : Number.POSITIVE_INFINITY;
    if (most <= 0) return { least: 0, exact: false, wait };
    const proven = proofs[Number(waits)];
    const known = proven.get(rest);
    if (known && (known.exact || known.least >= most)) return known;
    // Whatever comes, the same may come behind it; a few texts that are left out change nothing in that.
    if (terms.loops(terms.withFew(rest)).some(covers)) {
      const proof = { least: Number.POSITIVE_INFINITY, exact: false, wait };
      proven.set(rest, proof);
      return proof;
    }
    if (states > MAX_STATES) return { least: 0, exact: false, wait };
    let least = most;
    for (const end of ends(rest)) {
      // What leads back to the same term asks for nothing more.
      if (end === rest || least <= 0) continue;
      const proof = visit(end, least - 1, waits);
      least = Math.min(least, 1 + proof.least);
      wait = Math.max(wait, proof.wait);
    }
    const proof = { least, exact: least < most, wait };
    if (states <= MAX_STATES) proven.set(rest, proof);
    return proof;
  };

  return (rest, most) => {
    states = ever < MAX_EVER ? 0 : MAX_STATES + 1;
    // The length of a string need not be told from what else is asked of it, if that ends in time from wherever it comes to.
    const apart = terms.bounded(rest);
    const { least, wait } = apart
      ? visit(apart.rest, Math.min(most, apart.max), true)
      : visit(rest, most, false);
    let reach = Math.min(most, least, apart ? apart.max - wait : most);
    if (apart && least > 0 && reach < 1) reach = Math.min(most, visit(rest, most, false).least);
    if (ever < MAX_EVER) ever += states;
    return reach;
  };
}

/** Tokens too long for a bounded string that are tried one by one. */
const MAX_LONGER = 300;

/**
 * How many tokens, in the order of `inside`, may follow `rest` whatever their characters are; those behind them are to be tried.
 * Absent where there would be too many.
 */
export function sliceOf(reach: Reach, rest: Term, { upTo }: InsideTokens): number | undefined {
  const total = upTo.length > 0 ? upTo[upTo.length - 1] : 0;
  // At least one, so that words and numbers, which do not take all characters, are out.
  const enough = Math.max(
    1,
    upTo.findIndex(count => total - count <= MAX_LONGER),
  );
  if (upTo.length <= enough) return undefined;
  const most = reach(rest, upTo.length - 1);
  return most < enough ? undefined : upTo[most];
}
