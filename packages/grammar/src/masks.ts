/**
 * Which tokens may follow a state: a walk through the vocabulary's trie beside the grammar. Most of what may follow depends on the
 * innermost value, object or array only; that is found once for all places where it stands, and the tokens that lead out of it
 * are walked on from each. Inside a string without a pattern nothing is walked but what stands behind its closing quote, of which
 * `string-tokens.ts` knows.
 */
import type { Grammar } from './compile.ts';
import { createReach, type Reach, sliceOf } from './slices.ts';
import { kept, type State } from './states.ts';
import {
  type Closing,
  type InsideTokens,
  insideUpTo,
  STRUCTURAL,
  STRUCTURAL_BYTES,
  type StringTokens,
} from './string-tokens.ts';
import { EPSILON, NEVER, type Term } from './terms.ts';
import { keySoFar, type Text } from './threads.ts';
import type { Trie } from './trie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Tokens as bits that others have too, where there are such, and one by one; end tokens are not among them. Do not write to it. */
export class Mask {
  readonly bits: Uint32Array | undefined;
  readonly tokens: readonly number[];

  constructor(bits: Uint32Array | undefined, tokens: readonly number[]) {
    this.bits = bits;
    this.tokens = tokens;
  }
}

export interface Masks {
  /** The tokens that may follow; `text` is what was read. */
  of(state: State, text: Text): Mask;
}

/** What one grammar and one vocabulary have in common. */
export interface MaskCache {
  readonly masks: Masks;
  /** By the memory of a state. */
  readonly finished: Map<string | number, Mask>;
}

/** Where the strings of a trie go: those of the vocabulary's own are tokens, those behind a closing quote stand for several. */
class Target {
  readonly trie: Trie;
  readonly group: Group | undefined;

  constructor(trie: Trie, group?: Group) {
    this.trie = trie;
    this.group = group;
  }
}
class Group {
  readonly of: StringTokens;
  readonly to: Target;
  /** Which tokens of a group are meant. */
  readonly takes: (closing: Closing) => boolean;
  /** Whether a key or an item that comes later in the token may have to differ from this one. */
  readonly watched: boolean;

  constructor(of: StringTokens, to: Target, takes: (closing: Closing) => boolean, watched: boolean) {
    this.of = of;
    this.to = to;
    this.takes = takes;
    this.watched = watched;
  }
}

/** A mask inside a hole, and what leads out of it. */
class Inner extends Mask {
  readonly unsure: readonly number[];
  readonly exits: readonly Exit[];

  constructor({ bits, tokens }: Mask, unsure: readonly number[], exits: readonly Exit[]) {
    super(bits, tokens);
    this.unsure = unsure;
    this.exits = exits;
  }
}
/** The children of a node from `from` to `to`. */
class Exit {
  readonly target: Target;
  readonly from: number;
  readonly to: number;

  constructor(target: Target, from: number, to: number) {
    this.target = target;
    this.from = from;
    this.to = to;
  }
}

const QUOTE = 0x22;
/** Tokens that are kept one by one. */
const MAX_SINGLE = 1000;
const MAX_INNER = 500;
/** So many are worth bits of their own. */
const MIN_SHARED = 100;
/** Terms that may begin with fewer bytes take no slice. */
const MIN_SLICE = 26;
const FILLER = '~';

export function createMasks({ states, terms }: Grammar, vocabulary: Vocabulary): Masks {
  const { twin, tokens, roots } = vocabulary;
  const words = (vocabulary.size + 31) >> 5;
  const whole = new Target(vocabulary.trie);
  const reaches: Reach[] = [];
  let known = new Map<string | number, Inner>();
  let shared: Uint32Array[] = [];
  let single: number[] = [];
  /** What kinds of keys there are, by the terms that tell them apart behind their beginning. */
  const keyKinds = new Map<string, Map<string, string>>();
  let unsure: number[] = [];
  let exits: Exit[] = [];
  /** The states whose holes the walk is in; where it is in more of them, the exit is not known. */
  const around: State[] = [];
  let text: Text = { bytes: new Uint8Array(0), length: 0 };

  const allow = ({ group }: Target, id: number): void => {
    if (!group) for (let token = id; token >= 0; token = twin[token]) single.push(token);
    else if (group.watched && group.of.keyed[id]) check(new Target(group.of.behind, group), id);
    else for (const closing of group.of.groups[id]) if (group.takes(closing)) allow(group.to, closing.token);
  };
  /** Allows it if the whole token is read so. */
  const check = ({ group }: Target, id: number): void => {
    if (!group) unsure.push(id);
    else for (const closing of group.of.groups[id]) if (group.takes(closing)) check(group.to, closing.token);
  };

  const take = (): Mask => {
    if (shared.length < 2 && single.length <= MAX_SINGLE) return new Mask(shared[0], single);
    const bits = new Uint32Array(words);
    for (const other of shared) for (let i = 0; i < words; i++) bits[i] |= other[i];
    for (const token of single) bits[token >> 5] |= 1 << (token & 31);
    return new Mask(bits, []);
  };

  /** All tokens. */
  const walkAll = (state: State): void => {
    const { byte, end } = vocabulary.trie;
    for (const part of states.parts(state)) {
      if (part.rests.length > 0) walkString(whole, 0, byte.length, part);
      else
        for (const first of STRUCTURAL_BYTES) {
          const node = roots[first];
          if (node >= 0) walkStructure(whole, node, end[node], part);
        }
    }
  };

  const walk = (target: Target, from: number, to: number, state: State): void => {
    const inner = states.inner(state);
    if (inner !== state) around.push(state);
    for (const part of states.parts(inner)) {
      if (part.out) {
        leaveHole(target, from, to);
        if (part.threads.length === 1) continue;
      }
      if (part.rests.length === 0) walkStructure(target, from, to, part);
      else walkString(target, from, to, part);
    }
    if (inner !== state) around.pop();
  };

  const leaveHole = (target: Target, from: number, to: number): void => {
    const state = around.pop();
    if (!state) {
      exits.push(new Exit(target, from, to));
      return;
    }
    walk(target, from, to, states.outer(state, text));
    around.push(state);
  };

  /** A node whose byte, the last of the text, leads to a state. */
  const enter = (target: Target, node: number, state: State): void => {
    const { end, token } = target.trie;
    if (state.early) {
      text.length--;
      leaveHole(target, node, end[node]);
      text.length++;
      if (state.threads.length === 1) return;
    }
    if (token[node] >= 0) allow(target, token[node]);
    if (end[node] > node + 1) walk(target, node + 1, end[node], state);
  };

  /** Outside of strings, numbers and words. */
  const walkStructure = (target: Target, from: number, to: number, at: State): void => {
    const { byte, end } = target.trie;
    const { length } = text;
    for (let node = from; node < to; node = end[node]) {
      if (!STRUCTURAL[byte[node]]) continue;
      text.bytes[length] = byte[node];
      text.length = length + 1;
      const next = states.step(at, byte[node], text);
      if (next) enter(target, node, next);
    }
    text.length = length;
  };

  /** Inside; by what is known of strings wherever the characters do not matter. */
  const walkString = (target: Target, from: number, to: number, at: State): void => {
    const [rest] = at.rests;
    const run = terms.asRun(rest);
    if (at.key && states.isFree(at)) walkKey(target, vocabulary.strings(target.trie, from, to), at);
    else if (!at.key && run) {
      const { min, max } = run;
      const found = vocabulary.strings(target.trie, from, to);
      allowInside(target, found, insideUpTo(found, max));
      walkClosing(target, found, at, min, ({ count }) => min <= count && count <= max);
    } else if (at.key || !walkLoose(target, from, to, at, rest)) walkTight(target, from, to, at, rest);
  };

  /** A string of which so many characters may follow, whatever they are, that hardly a token is longer. */
  const walkLoose = (target: Target, from: number, to: number, at: State, rest: Term): boolean => {
    if (terms.begins(rest).length < MIN_SLICE) return false;
    const found = vocabulary.strings(target.trie, from, to);
    const count = sliceOf(reachOf(0), rest, found);
    if (count === undefined || (count < found.inside.length && found !== vocabulary.all)) return false;
    allowInside(target, found, count);
    allowLonger(found, count, rest);
    const ends = new Map<string, boolean>();
    const { max, rest: asked } = terms.bounded(rest) ?? { max: Number.POSITIVE_INFINITY, rest };
    walkClosing(target, found, at, 0, ({ text, count }) => {
      if (count > max) return false;
      let yes = ends.get(text);
      if (yes === undefined) {
        let next = asked;
        for (let i = 0; i < text.length; i++) next = terms.next(next, text.charCodeAt(i));
        yes = terms.next(next, QUOTE) === EPSILON;
        ends.set(text, yes);
      }
      return yes;
    });
    return true;
  };

  const walkTight = (target: Target, from: number, to: number, at: State, rest: Term): void => {
    const { length } = text;
    if (target !== whole || from > 0 || to < target.trie.byte.length || terms.nullable(rest))
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

  /** The whole trie, where there is a class whose characters may follow whatever they are. */
  const walkSlice = (at: State, rest: Term): boolean => {
    for (let i = 0; i < vocabulary.classes.length; i++) {
      const { term, tokens: found, rest: others } = vocabulary.slice(i);
      const count = sliceOf(reachOf(i), rest, found);
      if (count === undefined) continue;
      allowInside(whole, found, count);
      allowLonger(found, count, rest);
      walkRest(new Target(others), 0, others.byte.length, at, rest, at);
      const { byte, end } = vocabulary.trie;
      for (let node = 0; node < byte.length; node = end[node])
        if (terms.next(term, byte[node]) <= EPSILON) walkRest(whole, node, end[node], at, rest, at);
      return true;
    }
    return false;
  };

  const reachOf = (index: number): Reach => {
    reaches[index] ??= createReach(terms, vocabulary.classes[index]);
    return reaches[index];
  };

  const allowInside = (target: Target, found: InsideTokens, count: number): void => {
    if (!target.group && count >= MIN_SHARED) shared.push(vocabulary.bits(found, count));
    else for (let i = 0; i < count; i++) allow(target, found.inside[i]);
  };

  /** Of the tokens from index `from` on those that may follow. */
  const allowLonger = ({ inside }: InsideTokens, from: number, rest: Term): void => {
    for (let i = from; i < inside.length; i++) {
      let next = rest;
      for (let at = tokens.offsets[inside[i]]; at < tokens.offsets[inside[i] + 1]; at++)
        next = next > EPSILON ? terms.next(next, tokens.bytes[at]) : NEVER;
      if (next > EPSILON) allow(whole, inside[i]);
    }
  };

  /** The tokens that end the string, which all lead to one state whatever stands before the quote. */
  const walkClosing = (
    target: Target,
    found: StringTokens,
    at: State,
    fillers: number,
    takes: (closing: Closing) => boolean,
  ): void => {
    const { length } = text;
    // Where items must differ, it is none of those that come later in the token.
    fill(at.unique && !isEmpty(at) ? fillers + found.behind.depth : fillers);
    close(target, found, at, states.step(states.within(at, terms.run(0, 0)), QUOTE, text), takes);
    text.length = length;
  };

  /** Whether only the quote is left. */
  const isEmpty = (at: State): boolean => terms.asRun(at.rests[0])?.max === 0;

  /** `to` lies behind the quote. */
  const close = (
    target: Target,
    found: StringTokens,
    at: State,
    to: State | undefined,
    takes: (closing: Closing) => boolean,
  ): void => {
    if (!to) return;
    for (const closing of found.closing) if (takes(closing)) allow(target, closing.token);
    const { behind } = found;
    const group = new Group(found, target, takes, at.key || at.unique);
    if (behind.byte.length > 0) walk(new Target(behind, group), 0, behind.byte.length, to);
  };

  /** A key of any characters: only names that are spoken of are told apart. */
  const walkKey = (target: Target, found: StringTokens, at: State): void => {
    allowInside(target, found, found.inside.length);
    const beginning = keySoFar(text);
    const named = new Set<string>();
    for (const rest of states.completions(at, beginning)) if (found.texts.has(rest)) named.add(rest);
    const { length } = text;
    const kindOf = kindsOf(states.divisions(at), beginning);
    if (!kindOf) {
      // With characters that make it another key.
      fill(named.size + 1);
      close(target, found, at, states.stray(at), ({ text }) => !named.has(text));
    } else {
      const first = new Map<string, string>();
      for (const rest of found.texts.keys())
        if (!named.has(rest) && !first.has(kindOf(rest))) first.set(kindOf(rest), rest);
      for (const [kind, rest] of first) {
        text.length = length;
        write(rest);
        const takes = ({ text }: Closing) => !named.has(text) && kindOf(text) === kind;
        close(target, found, at, states.named(at, beginning + rest), takes);
      }
    }
    text.length = length;
    if (named.size === 0) return;
    fill(0);
    if (named.has('')) close(target, found, at, states.named(at, beginning), ({ text }) => text === '');
    text.length = length;
    for (const rest of named)
      if (rest !== '') for (const token of found.texts.get(rest)!) check(target, token);
  };

  /** Which of the terms a key with this beginning is a text of, by the rest of it; absent where there are none. */
  const kindsOf = (divisions: readonly Term[], beginning: string): ((rest: string) => string) | undefined => {
    if (divisions.length === 0) return undefined;
    const behind = (term: Term, written: string): Term => {
      let next = term;
      for (let i = 0; i < written.length && next > EPSILON; i++)
        next = terms.next(next, written.charCodeAt(i));
      return next;
    };
    const begun = divisions.map(term => behind(term, `"${beginning}`));
    const key = begun.join();
    let kinds = keyKinds.get(key);
    if (!kinds) {
      if (keyKinds.size >= MAX_INNER) keyKinds.clear();
      kinds = new Map();
      keyKinds.set(key, kinds);
    }
    const known = kinds;
    return rest => {
      let kind = known.get(rest);
      if (kind === undefined) {
        kind = begun.map(term => Number(behind(term, `${rest}"`) === EPSILON)).join('');
        known.set(rest, kind);
      }
      return kind;
    };
  };

  /** Writes characters and a closing quote. */
  const fill = (characters: number): void => write(FILLER.repeat(characters));
  const write = (characters: string): void => {
    room(text.length + characters.length + 1);
    for (let i = 0; i < characters.length; i++) text.bytes[text.length++] = characters.charCodeAt(i);
    text.bytes[text.length++] = QUOTE;
  };

  /** Byte by byte: `at` holds the frames, `here` is the state itself where it is known. */
  const walkRest = (target: Target, from: number, to: number, at: State, rest: Term, here?: State): void => {
    const { byte, end, token } = target.trie;
    const nullable = terms.nullable(rest);
    const { length } = text;
    let state = here;
    for (let node = from; node < to; node = end[node]) {
      const next = terms.next(rest, byte[node]);
      if (next > EPSILON) {
        if (token[node] >= 0) allow(target, token[node]);
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
    const { byte, token } = target.trie;
    if (state.key && !state.open && !goesOn(target.trie, node)) {
      // A key is offered only where it may stand.
      if (token[node] >= 0) allow(target, token[node]);
      return;
    }
    const after = states.step(state, byte[node], text);
    if (after) enter(target, node, after);
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

  const innerOf = (state: State): Inner => {
    const key = states.memory(state, text);
    let inner = key === undefined ? undefined : known.get(key);
    if (!inner) {
      shared = [];
      single = [];
      unsure = [];
      exits = [];
      walkAll(state);
      inner = new Inner(take(), unsure, kept(exits));
      if (known.size >= MAX_INNER) known = new Map();
      if (key !== undefined) known.set(key, inner);
    }
    return inner;
  };

  return {
    of(state, read) {
      text = read;
      room(text.length);
      around.length = 0;
      const inner = innerOf(states.inner(state));
      if (inner.exits.length + inner.unsure.length === 0) return inner;
      shared = inner.bits ? [inner.bits] : [];
      single = [...inner.tokens];
      unsure = [...inner.unsure];
      for (const { target, from, to } of inner.exits) walk(target, from, to, states.outer(state, text));
      for (const token of unsure) if (reads(state, token)) allow(whole, token);
      return take();
    },
  };
}

/** Whether a colon follows a node in the trie. */
function goesOn({ byte, end }: Trie, node: number): boolean {
  for (let child = node + 1; child < end[node]; child = end[child]) if (byte[child] === 0x3a) return true;
  return false;
}
