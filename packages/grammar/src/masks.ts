/**
 * Which tokens may follow a state: a walk through the vocabulary's trie beside the grammar. Inside a string without a pattern it
 * takes what `string-tokens.ts` knows beforehand, and walks only where names or values are told apart.
 */
import type { Grammar } from './compile.ts';
import { sliceOf } from './slices.ts';
import type { State, Text } from './states.ts';
import { insideUpTo, STRUCTURAL, STRUCTURAL_BYTES, type StringTokens } from './string-tokens.ts';
import { EPSILON, MAX_TERMS, NEVER, type Term } from './terms.ts';
import type { Trie } from './trie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Where the strings of a trie go: the vocabulary's own are tokens, those behind a closing quote stand for several. */
interface Target {
  readonly trie: Trie;
  allow(id: number): void;
  deny(id: number): void;
  /** Allows it if the whole token is read so. */
  check(id: number): void;
  /** Makes room for a mask of its own: `write` may deny what it allowed itself only. */
  apart(write: () => void): void;
}

const QUOTE = 0x22;
const MAX_PARTINGS = 1000;
const MAX_FEW = 64;
/** Terms that may begin with fewer bytes take no slice. */
const MIN_SLICE = 26;
/** Characters that lead away from the names of most objects. */
const STRAY = [...'~`QzX9 '].map(char => char.charCodeAt(0));

export interface Masks {
  /**
   * Sets the bits of the tokens that may follow; `text` is what was read, with room for the longest token behind it. Returns the
   * tokens where they are few.
   */
  write(bits: Uint32Array, state: State, text: Text): readonly number[] | undefined;
}

export function createMasks({ states, terms }: Grammar, vocabulary: Vocabulary): Masks {
  const { twin, tokens, roots } = vocabulary;
  const words = (vocabulary.size + 31) >> 5;
  const parting = new Map<number, Uint8Array>();
  let bits: Uint32Array = new Uint32Array(0);
  let untouched = false;
  let unsure: number[] = [];
  /** What was allowed, while it is few. */
  let few: number[] | undefined;
  let text: Text = { bytes: new Uint8Array(0), length: 0 };

  const tokenTarget: Target = {
    trie: vocabulary.trie,
    allow(token) {
      for (let id = token; id >= 0; id = twin[id]) {
        bits[id >> 5] |= 1 << (id & 31);
        if (few && few.push(id) > MAX_FEW) few = undefined;
      }
    },
    deny(token) {
      few = undefined;
      for (let id = token; id >= 0; id = twin[id]) bits[id >> 5] &= ~(1 << (id & 31));
    },
    check: token => void unsure.push(token),
    apart(write) {
      const before = bits;
      bits = new Uint32Array(words);
      write();
      for (let i = 0; i < words; i++) before[i] |= bits[i];
      bits = before;
    },
  };

  /** Groups of strings with one ending behind the quote; `min` to `max` characters may stand before it. */
  const groupTarget = (of: StringTokens, min: number, max: number, watched: boolean, to: Target): Target => {
    const each = (index: number, act: (id: number) => void): void => {
      const group = of.groups[index];
      for (let i = 0; i < group.length; i += 2) if (min <= group[i + 1] && group[i + 1] <= max) act(group[i]);
    };
    return {
      trie: of.behind,
      // A key or an item that comes later in the token may have to differ from this one.
      allow: index => each(index, watched && of.keyed[index] ? to.check : to.allow),
      deny: index => each(index, to.deny),
      check: index => each(index, to.check),
      apart: to.apart,
    };
  };

  const copy = (from: Uint32Array): void => {
    bits.set(from);
    few = undefined;
  };

  /** All tokens. */
  const walkAll = (state: State): void => {
    const { byte, end } = vocabulary.trie;
    const parts = states.parts(state);
    for (const part of parts) {
      if (part.rests.length > 0) walkString(tokenTarget, 0, byte.length, part, parts.length > 1);
      else
        for (const first of STRUCTURAL_BYTES) {
          const node = roots[first];
          if (node >= 0) walkStructure(tokenTarget, node, end[node], part);
        }
    }
  };

  const walk = (target: Target, from: number, to: number, state: State): void => {
    const parts = states.parts(state);
    for (const part of parts) {
      if (part.rests.length === 0) walkStructure(target, from, to, part);
      else walkString(target, from, to, part, parts.length > 1);
    }
  };

  /** Outside of strings, numbers and words. */
  const walkStructure = (target: Target, from: number, to: number, at: State): void => {
    const { byte, end, token } = target.trie;
    const length = text.length;
    for (let node = from; node < to; node = end[node]) {
      if (!STRUCTURAL[byte[node]]) continue;
      text.bytes[length] = byte[node];
      text.length = length + 1;
      const next = states.step(at, byte[node], text);
      if (!next) continue;
      if (token[node] >= 0) target.allow(token[node]);
      if (end[node] > node + 1) walk(target, node + 1, end[node], next);
    }
    text.length = length;
  };

  /** Inside; by what is known of strings wherever the characters do not matter. */
  const walkString = (target: Target, from: number, to: number, at: State, shared: boolean): void => {
    const [rest] = at.rests;
    const length = text.length;
    if (states.uniform(at)) {
      const run = terms.asRun(rest);
      if (run && (run.max > 0 || !at.key)) {
        free(target, from, to, at, run.min, run.max, []);
        return;
      }
      const near = terms.nearRun(rest);
      const stray = near && STRAY.find(byte => terms.next(near.term, byte) === terms.next(rest, byte));
      if (near && stray !== undefined) {
        const write = (): void => {
          free(target, from, to, at, near.min, Number.POSITIVE_INFINITY, [stray]);
          mend(target, from, to, at, rest, near.term);
        };
        if (shared) target.apart(write);
        else write();
        return;
      }
    }
    if (target !== tokenTarget || from > 0 || to < target.trie.byte.length || terms.nullable(rest))
      walkRest(target, from, to, at, rest, at);
    else {
      const firsts = terms.begins(rest);
      if (firsts.length < MIN_SLICE || !walkSlice(at, rest))
        for (const first of firsts) {
          const node = roots[first];
          if (node >= 0) walkRest(target, node, target.trie.end[node], at, rest, at);
        }
    }
    text.length = length;
  };

  /** The whole trie, where there are characters that may follow whatever they are. */
  const walkSlice = (at: State, rest: Term): boolean => {
    for (const slice of vocabulary.slices) {
      const count = sliceOf(terms, rest, slice);
      if (count === undefined) continue;
      const { term, rest: others } = slice;
      const { inside } = slice.tokens;
      if (count === inside.length && untouched) copy(slice.bits);
      else for (let i = 0; i < count; i++) tokenTarget.allow(inside[i]);
      untouched = false;
      for (let i = count; i < inside.length; i++) {
        let next = rest;
        for (let byte = tokens.offsets[inside[i]]; byte < tokens.offsets[inside[i] + 1]; byte++)
          next = next > EPSILON ? terms.next(next, tokens.bytes[byte]) : NEVER;
        if (next > EPSILON) tokenTarget.allow(inside[i]);
      }
      walkRest({ ...tokenTarget, trie: others }, 0, others.byte.length, at, rest, at);
      const { byte, end } = vocabulary.trie;
      for (let node = 0; node < byte.length; node = end[node])
        if (terms.next(term, byte[node]) <= EPSILON) walkRest(tokenTarget, node, end[node], at, rest, at);
      return true;
    }
    return false;
  };

  /** A string of `min` to `max` more characters; `stray` are some that make it one when it is not yet. */
  const free = (
    target: Target,
    from: number,
    to: number,
    at: State,
    min: number,
    max: number,
    stray: readonly number[],
  ): void => {
    const known = vocabulary.strings(target.trie, from, to);
    const inside = insideUpTo(known, max);
    if (target === tokenTarget && from === 0 && untouched) copy(vocabulary.plain(inside));
    else for (let i = 0; i < inside; i++) target.allow(known.inside[i]);
    untouched = false;
    const length = text.length;
    // The closing quote may follow: any characters before it lead to the same state.
    room(length + stray.length + min + 1);
    for (const byte of stray) text.bytes[text.length++] = byte;
    while (text.length < length + min) text.bytes[text.length++] = STRAY[0];
    text.bytes[text.length++] = QUOTE;
    const after = states.step(states.within(at, terms.run(0, 0)), QUOTE, text);
    if (after) {
      const { closing, behind } = known;
      for (let i = 0; i < closing.length; i += 2)
        if (min <= closing[i + 1] && closing[i + 1] <= max) target.allow(closing[i]);
      if (behind.byte.length > 0)
        walk(groupTarget(known, min, max, at.key || at.unique, target), 0, behind.byte.length, after);
    }
    text.length = length;
  };

  /** The bytes behind which `rest` and `near` are not the same, or end. */
  const partings = (rest: Term, near: Term): Uint8Array => {
    const key = rest * MAX_TERMS + near;
    const known = parting.get(key);
    if (known) return known;
    const parted = new Uint8Array(256);
    const [own, other] = [terms.row(rest).classOf, terms.row(near).classOf];
    const classes = new Map<number, number>();
    for (let byte = 0; byte < 256; byte++) {
      const both = own[byte] * 256 + other[byte];
      let apart = classes.get(both);
      if (apart === undefined) {
        const next = terms.next(rest, byte);
        apart = Number(next === EPSILON || next !== terms.next(near, byte));
        classes.set(both, apart);
      }
      parted[byte] = apart;
    }
    if (parting.size >= MAX_PARTINGS) parting.clear();
    parting.set(key, parted);
    return parted;
  };

  /** Where `rest` and `near` part, what `near` allows is put right. */
  const mend = (target: Target, from: number, to: number, at: State, rest: Term, near: Term): void => {
    const { byte, end, token } = target.trie;
    const length = text.length;
    const parted = partings(rest, near);
    for (let node = from; node < to; node = end[node]) {
      if (parted[byte[node]] === 0) continue;
      const next = terms.next(rest, byte[node]);
      const other = terms.next(near, byte[node]);
      // Two keys or items that end here are not one and the same.
      if (next === other && !(at.key || at.unique)) continue;
      text.bytes[length] = byte[node];
      if (next > EPSILON && other > EPSILON) {
        text.length = length + 1;
        mend(target, node + 1, end[node], at, next, other);
        text.length = length;
        continue;
      }
      for (let i = node; i < end[node]; i++) if (token[i] >= 0) target.deny(token[i]);
      if (next === NEVER) continue;
      text.length = length + 1;
      if (next === EPSILON) leave(target, node, states.within(at, rest));
      else {
        if (token[node] >= 0) target.allow(token[node]);
        walkRest(target, node + 1, end[node], at, next);
      }
      text.length = length;
    }
  };

  /** Byte by byte: `at` holds the frames, `here` is the state itself where it is known. */
  const walkRest = (target: Target, from: number, to: number, at: State, rest: Term, here?: State): void => {
    const { byte, end, token } = target.trie;
    const nullable = terms.nullable(rest);
    const length = text.length;
    let state = here;
    for (let node = from; node < to; node = end[node]) {
      const next = terms.next(rest, byte[node]);
      if (next > EPSILON) {
        if (token[node] >= 0) target.allow(token[node]);
        if (end[node] === node + 1) continue;
        text.bytes[length] = byte[node];
        text.length = length + 1;
        walkRest(target, node + 1, end[node], at, next);
        text.length = length;
      } else if (next === EPSILON || (nullable && STRUCTURAL[byte[node]])) {
        text.bytes[length] = byte[node];
        text.length = length + 1;
        state ??= states.within(at, rest);
        leave(target, node, state);
        text.length = length;
      }
    }
  };

  /** A node at which a scalar or key ends, or lies behind one. */
  const leave = (target: Target, node: number, state: State): void => {
    const { byte, end, token } = target.trie;
    if (state.key && !goesOn(target.trie, node)) {
      // A key is offered only where it may stand.
      if (token[node] >= 0) target.allow(token[node]);
      return;
    }
    const after = states.step(state, byte[node], text);
    if (!after) return;
    if (token[node] >= 0) target.allow(token[node]);
    if (end[node] > node + 1) walk(target, node + 1, end[node], after);
  };

  const room = (length: number): void => {
    if (length + vocabulary.trie.depth < text.bytes.length) return;
    const bytes = new Uint8Array((length + vocabulary.trie.depth) * 2);
    bytes.set(text.bytes);
    text.bytes = bytes;
  };

  const reads = (state: State, token: number): boolean => {
    const length = text.length;
    let at: State | undefined = state;
    for (let i = tokens.offsets[token]; at && i < tokens.offsets[token + 1]; i++) {
      text.bytes[text.length++] = tokens.bytes[i];
      at = states.step(at, tokens.bytes[i], text);
    }
    text.length = length;
    return at !== undefined;
  };

  return {
    write(into, state, read) {
      bits = into;
      text = read;
      unsure = [];
      untouched = true;
      few = [];
      bits.fill(0, 0, words);
      room(text.length);
      walkAll(state);
      for (const token of unsure) if (reads(state, token)) tokenTarget.allow(token);
      return few;
    },
  };
}

/** Whether a colon follows a node in the trie. */
function goesOn({ byte, end }: Trie, node: number): boolean {
  for (let child = node + 1; child < end[node]; child = end[child]) if (byte[child] === 0x3a) return true;
  return false;
}
