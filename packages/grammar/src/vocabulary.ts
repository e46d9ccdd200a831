/** The tokens of a model as a trie over bytes, built once per model and shared by all grammars. */
import { beginning } from './beginning.ts';
import type { Slice } from './slices.ts';
import { createStringTokens, findInside, type InsideTokens, type StringTokens } from './string-tokens.ts';
import { EPSILON, type Term } from './terms.ts';
import { buildTrie, MAX_STRINGS, MAX_TOKEN_BYTES, type Strings, sortStrings, type Trie } from './trie.ts';

export interface VocabularySource {
  /** The bytes that a token stands for; absent for special tokens, which never stand inside a text. */
  bytesOf(token: number): Uint8Array | undefined;
  /** Number of token ids. */
  readonly size: number;
  /** Tokens that end the text. */
  readonly endIds: readonly number[];
}

export interface Vocabulary {
  readonly size: number;
  readonly endIds: readonly number[];
  /** The bytes of every token; those that never stand inside a text have none. */
  readonly tokens: Strings;
  /** The ids of the tokens with bytes, in the order of those. */
  readonly sorted: Int32Array;
  readonly trie: Trie;
  /** The node of the trie for every first byte, or −1. */
  readonly roots: Int32Array;
  /** The next token with the same bytes, or −1. */
  readonly twin: Int32Array;
  /** What the strings below a node do inside a JSON string; the node's children lie from `from` to `to` in the trie. */
  strings(trie: Trie, from: number, to: number): StringTokens;
  /** Of the whole trie. */
  readonly all: StringTokens;
  /** The classes of characters, as terms of strings, from many tokens to few; the first one stands for all characters. */
  readonly classes: readonly Term[];
  slice(index: number): Slice;
  /** The first `count` of the tokens that stay inside a string, as bits. Do not write to it. */
  bits(tokens: InsideTokens, count: number): Uint32Array;
}

/**
 * Takes some tenths of a second for 128k tokens.
 * @throws {RangeError} More than a million ids.
 */
export function createVocabulary({ bytesOf, size, endIds }: VocabularySource): Vocabulary {
  if (size > MAX_STRINGS) throw new RangeError(`a vocabulary of ${size} tokens`);
  const ends = new Set(endIds);
  const offsets = new Int32Array(size + 1);
  let bytes = new Uint8Array(size * 8 + MAX_TOKEN_BYTES);
  for (let id = 0; id < size; id++) {
    const token = ends.has(id) ? undefined : bytesOf(id);
    const from = offsets[id];
    offsets[id + 1] = from;
    if (!token || token.length > MAX_TOKEN_BYTES) continue;
    if (from + token.length > bytes.length) {
      const more = new Uint8Array(bytes.length * 2);
      more.set(bytes);
      bytes = more;
    }
    bytes.set(token, from);
    offsets[id + 1] += token.length;
  }
  const tokens = { bytes: bytes.slice(0, offsets[size]), offsets };
  return vocabularyOf(tokens, endIds, sortStrings(tokens));
}

/** `sorted` as in what it returns. */
export function vocabularyOf(tokens: Strings, endIds: readonly number[], sorted: Int32Array): Vocabulary {
  const size = tokens.offsets.length - 1;
  const trie = buildTrie(tokens, sorted);
  const roots = new Int32Array(256).fill(-1);
  for (let node = 0; node < trie.byte.length; node = trie.end[node]) roots[trie.byte[node]] = node;
  const twin = new Int32Array(size).fill(-1);
  for (let i = 1; i < sorted.length; i++) {
    if (equal(tokens, sorted[i - 1], sorted[i])) twin[sorted[i - 1]] = sorted[i];
  }
  const { terms, classes } = beginning();
  const known = new Map<Trie, Map<number, StringTokens>>();
  const strings = (within: Trie, from: number, to: number): StringTokens => {
    const nodes = known.get(within) ?? new Map<number, StringTokens>();
    known.set(within, nodes);
    const found = nodes.get(from) ?? createStringTokens(terms, within, from, to);
    nodes.set(from, found);
    return found;
  };
  const masks = new Map<InsideTokens, Map<number, Uint32Array>>();
  const bits = (of: InsideTokens, count: number): Uint32Array => {
    const counts = masks.get(of) ?? new Map<number, Uint32Array>();
    masks.set(of, counts);
    let made = counts.get(count);
    if (!made) {
      made = new Uint32Array((size + 31) >> 5);
      for (let i = 0; i < count; i++)
        for (let id = of.inside[i]; id >= 0; id = twin[id]) made[id >> 5] |= 1 << (id & 31);
      counts.set(count, made);
    }
    return made;
  };
  // What every grammar needs; the classes are made when a pattern asks for them.
  const all = strings(trie, 0, trie.byte.length);
  bits(all, all.inside.length);
  const made: Slice[] = [];
  const slice = (index: number): Slice => {
    made[index] ??= sliceIn(classes[index]);
    return made[index];
  };
  const sliceIn = (term: Term): Slice => {
    const own = findInside(terms, term, trie, { from: 0, to: trie.byte.length });
    const begins = Uint8Array.from({ length: 256 }, (_, byte) => Number(terms.next(term, byte) > EPSILON));
    const has = bits(own, own.inside.length);
    const others = sorted.filter(
      id => begins[tokens.bytes[tokens.offsets[id]]] && !((has[id >> 5] >>> (id & 31)) & 1),
    );
    return { term, tokens: own, rest: buildTrie(tokens, others) };
  };
  return { size, endIds, tokens, sorted, trie, roots, twin, strings, all, bits, classes, slice };
}

function equal({ bytes, offsets }: Strings, a: number, b: number): boolean {
  const length = offsets[a + 1] - offsets[a];
  if (offsets[b + 1] - offsets[b] !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[offsets[a] + i] !== bytes[offsets[b] + i]) return false;
  return true;
}
