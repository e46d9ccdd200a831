/** What a term is: its record in a store, and how such records are compared. */
import { NO_BYTES, type SetId } from './bytesets.ts';

/** Id of an interned term in its store. */
export type Term = number;
/** The language without any text, and the one with the empty text only. */
export const NEVER: Term = 0;
export const EPSILON: Term = 1;

/** An automaton given by hand: `step` and `accepts` over numbered states. Only the bytes in `alphabet` may lead on. */
export interface Machine {
  readonly alphabet: readonly number[];
  /** The next state, or −1. */
  step(state: number, byte: number): number;
  accepts(state: number): boolean;
  /** Some texts that lead from the state to an accepted one: where there are more states than a search can visit. */
  ends(state: number): readonly Uint8Array[];
  /** The machine that accepts from its state 0 what both accept from theirs, where it is no larger than the two. */
  meet(other: Machine): Machine | undefined;
}

/** More bytes than anyone asks for. */
export const LONG = 2 ** 20;

const NO_PARTS: readonly Term[] = [];

export type Kind =
  | 'never'
  | 'epsilon'
  | 'set'
  | 'strings'
  | 'cat'
  | 'alt'
  | 'and'
  | 'not'
  | 'repeat'
  | 'machine';

/** Finitely many JSON strings with their quotes, each byte a char code. Those after the quote are spelled out when a text comes to them. */
export class Strings {
  /** In ascending order. */
  readonly texts: readonly string[];
  #all: ReadonlySet<string> | undefined = undefined;

  constructor(texts: readonly string[]) {
    this.texts = texts;
  }

  has(text: string): boolean {
    this.#all ??= new Set(this.texts);
    return this.#all.has(text);
  }
}

/** Made by its store alone. All have one form, whatever their kind, since every step of an automaton looks at some. */
export class Node {
  readonly kind: Kind;
  /** The first operand of `cat`, the only one of `not` and `repeat`; of `set` the set, of `strings` and `machine` the index. */
  readonly left: number;
  /** The second operand of `cat`; of `machine` its state. */
  readonly right: number;
  /** Bounds of `repeat`. */
  readonly min: number;
  readonly max: number;
  /** Operands of `alt` and `and`, in ascending order. */
  readonly parts: readonly Term[];
  nullable = false;
  /** The bytes of a shortest text, or {@link LONG}; −1 where there are intersections or complements within, so that there may be none. */
  least = -1;
  /** Whether there are finitely many texts; a "no" says nothing. */
  finite = false;
  /** Bytes that a text of the term may begin with, or more. */
  first: SetId = NO_BYTES;
  /** A term that is known to have all of its texts, or −1. */
  bound: Term = -1;
  /** The term before in the same bucket, or −1. */
  older: Term = -1;
  /** What follows, once it was asked for. */
  row: Row | undefined = undefined;
  /** The sets that decide what the first byte leads to, once they were asked for. */
  splits: readonly SetId[] | undefined = undefined;
  /** Whether there is any text. */
  live: Liveness = 'unknown';

  constructor(
    kind: Kind,
    left: number = NEVER,
    right: number = NEVER,
    min = 0,
    max = 0,
    parts: readonly Term[] = NO_PARTS,
  ) {
    this.kind = kind;
    this.left = left;
    this.right = right;
    this.min = min;
    this.max = max;
    this.parts = parts;
  }
}

/** Whether the term is free of intersections and complements, and so is not empty. */
export const isPlain = ({ least }: Node): boolean => least >= 0;

/** What follows a term: `targets[classOf[byte]]`, −1 where it was not asked for yet. */
export interface Row {
  readonly classOf: Uint8Array;
  readonly targets: Term[];
  /** A byte of every class. */
  readonly bytes: readonly number[];
}

export type Liveness = 'unknown' | 'live' | 'dead';

/** A number of characters and the end of a string: `min` to `max` of them are still to come. */
export interface Run {
  readonly min: number;
  readonly max: number;
}

export const NO_MORE: Run = { min: 0, max: 0 };
export const ONE_MORE: Run = { min: 1, max: 1 };

/** Sorted in place, without doubles. Most lists are short. */
export function ascending(list: Term[]): Term[] {
  if (list.length > 16) list.sort((a, b) => a - b);
  else
    for (let i = 1; i < list.length; i++) {
      const term = list[i];
      let at = i;
      for (; at > 0 && list[at - 1] > term; at--) list[at] = list[at - 1];
      list[at] = term;
    }
  let kept = 0;
  for (let i = 0; i < list.length; i++) if (i === 0 || list[i] !== list[i - 1]) list[kept++] = list[i];
  list.length = kept;
  return list;
}

/** What is in one of two ascending lists. */
export function merged(a: readonly number[], b: readonly number[]): readonly number[] {
  if (a === b || b.length === 0) return a;
  const all: number[] = [];
  let i = 0;
  for (const x of a) {
    while (i < b.length && b[i] < x) all.push(b[i++]);
    if (b[i] === x) i++;
    all.push(x);
  }
  while (i < b.length) all.push(b[i++]);
  return all;
}

export function equal(a: readonly Term[], b: readonly Term[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function mix(seed: number, a: number, b: number): number {
  let hash = Math.imul(seed ^ a, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15) ^ b, 0x85ebca77);
  return (hash ^ (hash >>> 13)) & 0x3fffffff;
}

export function mixAll(seed: number, parts: readonly Term[]): number {
  let hash = seed;
  for (const part of parts) hash = mix(hash, part, 0);
  return hash;
}
