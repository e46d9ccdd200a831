/** A text that grows token by token inside a grammar: which tokens may come next, as bits. */
import type { Grammar } from './compile.ts';
import { GrammarError, LimitError } from './error.ts';
import { createMasks, type Mask, type MaskCache } from './masks.ts';
import type { State } from './states.ts';
import { EPSILON, NEVER, type Term } from './terms.ts';
import type { Text } from './threads.ts';
import type { Vocabulary } from './vocabulary.ts';

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
  isComplete(): boolean;
  /** The bytes that must follow, whatever is chosen; at most 256 of them, none where there is a choice. */
  forced(): readonly number[];
  /** A matcher at the same place that goes its own way. */
  clone(): Matcher;
}

const MAX_FORCED = 256;
const MAX_CACHED_MASKS = 500;

export function createMatcher(grammar: Grammar, vocabulary: Vocabulary): Matcher {
  return matcherAt(grammar, vocabulary, grammar.states.beginning, { bytes: new Uint8Array(1024), length: 0 });
}

function matcherAt(grammar: Grammar, vocabulary: Vocabulary, start: State, text: Text): Matcher {
  const { states, terms } = grammar;
  const { endIds, tokens } = vocabulary;
  const words = (vocabulary.size + 31) >> 5;
  let state = start;
  let ended = false;

  const room = (length: number): void => {
    if (length <= text.bytes.length) return;
    const bytes = new Uint8Array(length * 2);
    bytes.set(text.bytes);
    text.bytes = bytes;
  };

  const write = (into: Uint32Array): void => {
    const { bits, tokens } = maskAt(grammar, vocabulary, state, text);
    if (bits) into.set(bits);
    else into.fill(0, 0, words);
    for (const id of tokens) into[id >> 5] |= 1 << (id & 31);
    if (state.complete) for (const id of endIds) into[id >> 5] |= 1 << (id & 31);
  };

  /** The state behind a token; the text is longer by its bytes unless it is refused. */
  const take = (token: number): State | undefined => {
    const { bytes, offsets } = tokens;
    const length = text.length;
    room(length + offsets[token + 1] - offsets[token] + 1);
    let at: State | undefined = state;
    for (let i = offsets[token]; at && i < offsets[token + 1]; i++) {
      // Inside a string or number the bytes need no states of their own.
      if (at.rests.length === 1) {
        let rest: Term = at.rests[0];
        for (; i < offsets[token + 1]; i++) {
          const next = terms.next(rest, bytes[i]);
          if (next === NEVER || next === EPSILON) break;
          rest = next;
          text.bytes[text.length++] = bytes[i];
        }
        at = states.within(at, rest);
        if (i === offsets[token + 1]) break;
      }
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
      limited(() => write(into));
    },
    accept(token) {
      if (ended) return false;
      if (endIds.includes(token)) {
        ended = state.complete;
        return ended;
      }
      if (!(tokens.offsets[token + 1] > tokens.offsets[token])) return false;
      const next = limited(() => take(token));
      if (next) state = next;
      return next !== undefined;
    },
    // No getter: in a literal it would give every matcher a hidden class of its own, which V8 keeps, and the matcher with it.
    isComplete: () => state.complete,
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

/** The tokens that may follow a state; `text` is what was read. */
export function maskAt(grammar: Grammar, vocabulary: Vocabulary, state: State, text: Text): Mask {
  const { masks, finished } = cacheOf(grammar, vocabulary);
  const key = grammar.states.memory(state, text);
  let mask = key === undefined ? undefined : finished.get(key);
  if (!mask) {
    mask = masks.of(state, text);
    if (finished.size >= MAX_CACHED_MASKS) finished.clear();
    if (key !== undefined) finished.set(key, mask);
  }
  return mask;
}

/** A limit that is passed while a text is read. */
export function limited<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LimitError) throw new GrammarError('too-complex', '', '', error.message);
    throw error;
  }
}

/** Kept in the grammar, which they refer to: keyed from outside, a dead one would outlive many collections. */
function cacheOf(grammar: Grammar, vocabulary: Vocabulary): MaskCache {
  let cache = grammar.caches.get(vocabulary);
  if (!cache) {
    cache = { masks: createMasks(grammar, vocabulary), finished: new Map() };
    grammar.caches.set(vocabulary, cache);
  }
  return cache;
}
