/** A text that grows token by token inside a grammar: which tokens may come next, as bits. */
import type { Grammar } from './compile.ts';
import { GrammarError, LimitError } from './error.ts';
import type { State, Text } from './states.ts';
import { EPSILON, NEVER, type Term } from './terms.ts';
import type { Trie, Vocabulary } from './vocabulary.ts';

export interface Matcher {
  /**
   * Writes the tokens that may come next: bit t & 31 of word t >> 5, for all ids of the vocabulary; end tokens where the text is
   * complete. `bits` has at least ⌈size / 32⌉ words; those are overwritten.
   * @throws {GrammarError} What the text asks for passes the limits; so may the other functions.
   */
  mask(bits: Uint32Array): void;
  /** Takes a token in, or refuses it and stays as it was. An end token is taken where the text is complete, and is the last. */
  accept(token: number): boolean;
  /** Whether the text may end here. */
  readonly isComplete: boolean;
  /** The bytes that must follow, whatever is chosen; at most 256 of them, none where there is a choice. */
  forced(): readonly number[];
  /** A matcher at the same place that goes its own way. */
  clone(): Matcher;
}

const MAX_FORCED = 256;
const MAX_CACHED_MASKS = 128;

export function createMatcher(grammar: Grammar, vocabulary: Vocabulary): Matcher {
  return matcherAt(grammar, vocabulary, grammar.states.start, { bytes: new Uint8Array(1024), length: 0 });
}

function matcherAt(grammar: Grammar, vocabulary: Vocabulary, start: State, text: Text): Matcher {
  const { states, terms } = grammar;
  const { endIds, twin } = vocabulary;
  const words = (vocabulary.size + 31) >> 5;
  const masks = masksOf(grammar, vocabulary);
  let state = start;
  let ended = false;
  let bits = new Uint32Array(0);

  const room = (length: number): void => {
    if (length <= text.bytes.length) return;
    const bytes = new Uint8Array(length * 2);
    bytes.set(text.bytes);
    text.bytes = bytes;
  };

  const allow = (node: number, { token }: Trie): void => {
    for (let id = token[node]; id >= 0; id = twin[id]) bits[id >> 5] |= 1 << (id & 31);
  };

  /** The nodes from `from` to `to` that may follow `at`; `text` ends where they begin. */
  const walk = (trie: Trie, from: number, to: number, at: State): void => {
    if (at.rests.length > 0) {
      walkRests(trie, from, to, at, at.rests, at);
      return;
    }
    const length = text.length;
    for (let node = from; node < to; node = trie.end[node]) {
      text.bytes[length] = trie.byte[node];
      text.length = length + 1;
      const next = states.step(at, trie.byte[node], text);
      if (next) {
        allow(node, trie);
        if (trie.end[node] > node + 1) walk(trie, node + 1, trie.end[node], next);
      }
    }
    text.length = length;
  };

  /** The same inside scalars and keys, where only `rests` change: `origin` holds the frames. */
  const walkRests = (
    trie: Trie,
    from: number,
    to: number,
    origin: State,
    rests: readonly Term[],
    here?: State,
  ): void => {
    if (rests.length === 1) {
      walkRest(trie, from, to, origin, rests[0], here);
      return;
    }
    const nullable = rests.some(rest => rest !== NEVER && terms.nullable(rest));
    const length = text.length;
    let at = here;
    for (let node = from; node < to; node = trie.end[node]) {
      const byte = trie.byte[node];
      let goes = false;
      let ends = false;
      for (const before of rests) {
        const rest = terms.next(before, byte);
        if (rest === EPSILON) ends = true;
        else if (rest !== NEVER) goes = true;
      }
      if (!goes && !ends && !nullable) continue;
      text.bytes[length] = byte;
      text.length = length + 1;
      if (goes && !ends) {
        allow(node, trie);
        if (trie.end[node] === node + 1) continue;
        const next = rests.map(rest => terms.next(rest, byte));
        walkRests(trie, node + 1, trie.end[node], origin, next);
        continue;
      }
      at ??= states.within(origin, rests);
      if (at) leave(trie, node, at);
    }
    text.length = length;
  };

  /** The same with one rest only. */
  const walkRest = (trie: Trie, from: number, to: number, origin: State, rest: Term, here?: State): void => {
    const nullable = terms.nullable(rest);
    const { byte, end, token } = trie;
    const keys = origin.threads.every(thread => thread.at === 'key');
    const length = text.length;
    let at = here;
    for (let node = from; node < to; node = end[node]) {
      const next = terms.next(rest, byte[node]);
      if (next === NEVER && !nullable) continue;
      text.bytes[length] = byte[node];
      text.length = length + 1;
      if (next > EPSILON) {
        if (token[node] >= 0) allow(node, trie);
        if (end[node] > node + 1) walkRest(trie, node + 1, end[node], origin, next);
      } else if (next === EPSILON && !goesOn(trie, node, keys)) allow(node, trie);
      else {
        at ??= states.within(origin, [rest]);
        if (at) leave(trie, node, at);
      }
    }
    text.length = length;
  };

  /** A node at which a scalar or key ends. */
  const leave = (trie: Trie, node: number, at: State): void => {
    const after = states.step(at, trie.byte[node], text);
    if (!after) return;
    allow(node, trie);
    if (trie.end[node] > node + 1) walk(trie, node + 1, trie.end[node], after);
  };

  const compute = (): Uint32Array => {
    bits = new Uint32Array(words);
    let trie = vocabulary.trie;
    const free = Math.max(-1, ...state.rests.map(rest => terms.freedom(rest)));
    if (free >= 0 && state.rests.every(rest => terms.freedom(rest) >= 0)) {
      bits.set(vocabulary.plainUpTo(free));
      trie = vocabulary.rest;
    }
    room(text.length + vocabulary.trie.depth + 1);
    walk(trie, 0, trie.byte.length, state);
    if (state.complete) for (const id of endIds) bits[id >> 5] |= 1 << (id & 31);
    return bits;
  };

  const take = (bytes: ArrayLike<number>): State | undefined => {
    const length = text.length;
    room(length + bytes.length + 1);
    let at: State | undefined = state;
    for (let i = 0; at && i < bytes.length; i++) {
      text.bytes[text.length++] = bytes[i];
      at = states.step(at, bytes[i], text);
    }
    if (!at) text.length = length;
    return at;
  };

  return {
    mask(into) {
      if (ended) {
        into.fill(0, 0, words);
        return;
      }
      let found = masks.get(state);
      if (found) masks.delete(state);
      const looks = states.looks;
      found ??= limited(compute);
      if (!state.remembers || states.looks === looks) masks.set(state, found);
      if (masks.size > MAX_CACHED_MASKS) masks.delete(masks.keys().next().value!);
      into.set(found);
    },
    accept(token) {
      if (ended) return false;
      if (endIds.includes(token)) {
        ended = state.complete;
        return ended;
      }
      const bytes = vocabulary.bytesOf(token);
      if (!bytes || bytes.length === 0) return false;
      const next = limited(() => take(bytes));
      if (next) state = next;
      return next !== undefined;
    },
    get isComplete() {
      return state.complete;
    },
    forced() {
      const length = text.length;
      const bytes: number[] = [];
      let at = state;
      while (!ended && bytes.length < MAX_FORCED && !at.complete) {
        room(text.length + 2);
        text.length++;
        let only: State | undefined;
        let count = 0;
        let last = 0;
        for (let byte = 0; byte < 256 && count < 2; byte++) {
          text.bytes[text.length - 1] = byte;
          const next = states.step(at, byte, text);
          if (!next) continue;
          count++;
          last = byte;
          only = next;
        }
        if (count !== 1 || !only) break;
        text.bytes[text.length - 1] = last;
        bytes.push(last);
        at = only;
      }
      text.length = length;
      return bytes;
    },
    clone: () => matcherAt(grammar, vocabulary, state, { bytes: text.bytes.slice(), length: text.length }),
  };
}

/** A limit that is passed while a text is read. */
function limited<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LimitError) throw new GrammarError('too-complex', '', '', error.message);
    throw error;
  }
}

/** Whether a node has children that matter: behind a key, which is only offered where it may stand, there is but a colon. */
function goesOn({ byte, end }: Trie, node: number, keys: boolean): boolean {
  if (!keys) return end[node] > node + 1;
  for (let child = node + 1; child < end[node]; child = end[child]) if (byte[child] === 0x3a) return true;
  return false;
}

/** Finished masks, the one used longest ago first; they go with the grammar. */
const caches = new WeakMap<Grammar, WeakMap<Vocabulary, Map<State, Uint32Array>>>();

function masksOf(grammar: Grammar, vocabulary: Vocabulary): Map<State, Uint32Array> {
  const byVocabulary = caches.get(grammar) ?? new WeakMap<Vocabulary, Map<State, Uint32Array>>();
  caches.set(grammar, byVocabulary);
  const masks = byVocabulary.get(vocabulary) ?? new Map<State, Uint32Array>();
  byVocabulary.set(vocabulary, masks);
  return masks;
}
