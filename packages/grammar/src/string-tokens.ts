/**
 * What tokens do inside a JSON string that is bounded by nothing but its length: they stay in it, or they hold its closing quote.
 * That depends on the vocabulary alone, so a mask inside such a string takes no walk through it.
 */
import { EPSILON, type Term, type Terms } from './terms.ts';
import { buildTrie, sortStrings, type Trie } from './trie.ts';

export interface InsideTokens {
  /** Tokens that end inside, by the number of characters that they begin. */
  readonly inside: Int32Array;
  /** How many of them begin at most so many characters; the last element counts all. */
  readonly upTo: Int32Array;
}

/** A token that holds the closing quote. */
export interface Closing {
  readonly token: number;
  /** The number of characters before the quote. */
  readonly count: number;
  /** Their bytes, a char code each. */
  readonly text: string;
}

/** For a subtree of a trie, entered between two characters of a string. */
export interface StringTokens extends InsideTokens {
  /** Tokens whose last byte is the closing quote. */
  readonly closing: readonly Closing[];
  /** What stands behind the quote in tokens that go on; a token of this trie is an index of `groups`. */
  readonly behind: Trie;
  /** Tokens that go on, those with one ending together. */
  readonly groups: readonly (readonly Closing[])[];
  /** Whether a group's ending holds another whole string, or may. */
  readonly keyed: readonly boolean[];
  /** What stands before the quote in any of them: of which tokens. */
  readonly texts: ReadonlyMap<string, readonly number[]>;
}

/** Bytes that stand outside of strings, numbers and words, or begin one. */
export const STRUCTURAL_BYTES = [...'\t\n "{}[],:-0123456789tfn'].map(char => char.charCodeAt(0));
export const STRUCTURAL = new Uint8Array(256);
for (const byte of STRUCTURAL_BYTES) STRUCTURAL[byte] = 1;

const QUOTE = 0x22;

/**
 * `between` is what stands between two characters of the string: any number of them, and the quote. The children of the node lie from
 * `from` to `to`. `leave` is told of the nodes at which the string ends, with the characters before them: how many, and as `Closing` has them.
 */
export function findInside(
  terms: Terms,
  between: Term,
  { byte, end, token, depth }: Trie,
  {
    from,
    to,
    leave,
  }: { from: number; to: number; leave?: (node: number, count: number, text: string) => void },
): InsideTokens {
  const byLength: number[][] = [];
  const path = new Uint8Array(depth);
  const visit = (low: number, high: number, term: Term, count: number, length: number): void => {
    for (let node = low; node < high; node = end[node]) {
      const next = terms.next(term, byte[node]);
      if (next === EPSILON) leave?.(node, count, String.fromCharCode(...path.subarray(0, length)));
      if (next <= EPSILON) continue;
      const begun = term === between ? count + 1 : count;
      if (token[node] >= 0) {
        while (byLength.length <= begun) byLength.push([]);
        byLength[begun].push(token[node]);
      }
      if (end[node] === node + 1) continue;
      path[length] = byte[node];
      visit(node + 1, end[node], next, begun, length + 1);
    }
  };
  visit(from, to, between, 0, 0);
  let total = 0;
  const upTo = Int32Array.from(byLength, list => (total += list.length));
  return { inside: Int32Array.from(byLength.flat()), upTo };
}

/** Of any string; the children of the node lie from `from` to `to`. */
export function createStringTokens(terms: Terms, trie: Trie, from: number, to: number): StringTokens {
  const { byte, end, token } = trie;
  const closing: Closing[] = [];
  const endings: { readonly bytes: number[]; readonly closing: Closing }[] = [];
  const collect = (
    low: number,
    high: number,
    before: Omit<Closing, 'token'>,
    path: readonly number[],
  ): void => {
    for (let node = low; node < high; node = end[node]) {
      // Only what JSON has there can follow.
      if (path.length === 0 && !STRUCTURAL[byte[node]]) continue;
      const bytes = [...path, byte[node]];
      if (token[node] >= 0) endings.push({ bytes, closing: { ...before, token: token[node] } });
      collect(node + 1, end[node], before, bytes);
    }
  };
  const leave = (node: number, count: number, text: string): void => {
    if (token[node] >= 0) closing.push({ token: token[node], count, text });
    collect(node + 1, end[node], { count, text }, []);
  };
  const found = findInside(terms, terms.run(0, Number.POSITIVE_INFINITY), trie, { from, to, leave });
  const strings = Uint8Array.from(endings.flatMap(({ bytes }) => bytes));
  const offsets = new Int32Array(endings.length + 1);
  endings.forEach(({ bytes }, i) => {
    offsets[i + 1] = offsets[i] + bytes.length;
  });
  const groups: Closing[][] = [];
  const keyed: boolean[] = [];
  const first = buildTrie({ bytes: strings, offsets }, sortStrings({ bytes: strings, offsets }));
  // Equal endings lie behind one another: the trie knows the first of them.
  const group = new Map<string, number>();
  for (const { bytes, closing } of endings) {
    const key = bytes.join();
    let index = group.get(key);
    if (index === undefined) {
      index = groups.push([]) - 1;
      group.set(key, index);
      keyed.push(bytes.filter(value => value === QUOTE).length > 1);
    }
    groups[index].push(closing);
  }
  const behind = {
    ...first,
    token: first.token.map(id => (id < 0 ? id : group.get(endings[id].bytes.join())!)),
  };
  const texts = new Map<string, number[]>();
  for (const { text, token } of [...closing, ...groups.flat()]) {
    const same = texts.get(text);
    if (same) same.push(token);
    else texts.set(text, [token]);
  }
  return { ...found, closing, behind, groups, keyed, texts };
}

/** How many tokens of `inside` begin at most `most` characters. */
export function insideUpTo({ upTo }: InsideTokens, most: number): number {
  return upTo.length === 0 ? 0 : upTo[Math.min(most, upTo.length - 1)];
}
