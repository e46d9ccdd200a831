/**
 * One way to read a text, byte by byte: a thread is the frames around it and what is being read. JSON's own syntax is deterministic,
 * so threads differ only in the alternatives that they follow.
 */
import { arrayStart } from './array-plans.ts';
import { decode, spellingOf } from './characters.ts';
import { type Formula, TRUE } from './formulas.ts';
import { type Frame, Frames, HOLE, MAX_DEPTH } from './frames.ts';
import { parseJson } from './json.ts';
import { oneOfValues } from './keywords/values.ts';
import type { Places } from './places.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import { type Shape, wordTexts } from './shape.ts';
import { charsOf, EPSILON, NEVER, type Term } from './terms.ts';

/**
 * Where a thread stands. `value`: a value is to come; `scalar`: inside one; `key`: inside a key; `open`: behind `{` or `[`; `next`:
 * behind a comma in an object; `after`: behind a value; `colon`: behind a key; `done`: at the end; `out`: out of the hole; `early`: out
 * of it before the last byte, which is not read yet.
 */
export type At = 'value' | 'scalar' | 'key' | 'open' | 'next' | 'after' | 'colon' | 'done' | 'out' | 'early';

/** Of one form wherever it stands, since every step of a text looks at some. */
export class Thread {
  readonly at: At;
  readonly frame: Frame | undefined;
  /** Of `value` and `colon`: what the value must satisfy. */
  readonly value: Formula;
  /** Of `scalar` and `key`: what may follow. */
  readonly rest: Term;
  /** Of `value`, `open`, `next` and `after`: the blank space so far. */
  readonly gap: number;
  /** Of `key`: whether it is looked at when it is complete. */
  readonly open: boolean;

  private constructor(
    at: At,
    frame: Frame | undefined,
    value: Formula,
    rest: Term,
    gap: number,
    open: boolean,
  ) {
    this.at = at;
    this.frame = frame;
    this.value = value;
    this.rest = rest;
    this.gap = gap;
    this.open = open;
  }

  static at(at: At, frame: Frame | undefined, value: Formula = TRUE): Thread {
    return new Thread(at, frame, value, NEVER, 0, false);
  }

  static reading(at: 'scalar' | 'key', frame: Frame | undefined, rest: Term, open = false): Thread {
    return new Thread(at, frame, TRUE, rest, 0, open);
  }

  withGap(gap: number): Thread {
    return new Thread(this.at, this.frame, this.value, this.rest, gap, this.open);
  }

  withRest(rest: Term): Thread {
    return new Thread(this.at, this.frame, this.value, rest, this.gap, this.open);
  }

  within(frame: Frame | undefined, value: Formula = this.value): Thread {
    return new Thread(this.at, frame, value, this.rest, this.gap, this.open);
  }
}

/** A value begins within a frame. */
export interface Begun {
  readonly frame: Frame | undefined;
  readonly value: Formula;
}

/** The text so far; `length` counts its bytes. */
export interface Text {
  bytes: Uint8Array;
  length: number;
}

const QUOTE = 0x22;
/** Blank space after which no more may come. */
export const ONE_SPACE = 1;
/** Blank space: nothing, one space, or a line feed and at most this many spaces and tabs. */
const MAX_INDENT = 40;
const OUT = Thread.at('out', HOLE);
const EARLY = Thread.at('early', HOLE);

export class Threads {
  readonly #reader: SchemaReader;
  readonly #plans: Plans;
  readonly #places: Places;
  readonly #compact: boolean;
  readonly #frames = new Frames();
  readonly #scalars = new Map<Shape, Term>();
  /** A formula for every scalar, of those that are nothing else. */
  readonly #alike = new Map<Term, Formula>();
  /** Whether the text was looked at, so that a step cannot be remembered. */
  looked = false;

  constructor(reader: SchemaReader, plans: Plans, places: Places, compact: boolean) {
    this.#reader = reader;
    this.#plans = plans;
    this.#places = places;
    this.#compact = compact;
  }

  forget(): void {
    this.#frames.forget();
  }

  /** Adds the threads behind `byte`, which lies in the text already as its last, and what values it begins. */
  advance(thread: Thread, byte: number, text: Text, into: Thread[], begun: Begun[]): void {
    switch (thread.at) {
      case 'done':
      case 'out':
      case 'early':
        return;
      case 'value': {
        const gap = this.#gap(thread.gap, byte);
        if (gap > 0) into.push(thread.withGap(gap));
        else if (gap === 0) begun.push(thread);
        return;
      }
      case 'scalar':
      case 'key':
        this.#read(thread, byte, text, into, begun);
        return;
      case 'colon':
        if (byte === 0x3a) into.push(Thread.at('value', thread.frame, thread.value));
        return;
      default: {
        const gap = this.#gap(thread.gap, byte);
        // Behind a value, blank space leads to the closing bracket only.
        if (gap > 0 && (thread.at !== 'after' || this.#closable(thread.frame!)))
          into.push(thread.withGap(gap));
        else if (gap === 0) this.#punctuate(thread, thread.frame!, byte, text, into, begun);
      }
    }
  }

  /** The blank space with `byte`: 0 when it is none, −1 when there may be no more of it. */
  #gap(gap: number, byte: number): number {
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x09) return 0;
    if (this.#compact) return -1;
    if (gap === 0) return byte === 0x20 ? ONE_SPACE : byte === 0x0a ? 2 : -1;
    return gap >= 2 && gap < 2 + MAX_INDENT && byte !== 0x0a ? gap + 1 : -1;
  }

  /** Adds the threads behind the first byte of values: where several frames ask for the same, they are one. */
  begin(begun: readonly Begun[], byte: number, text: Text, into: Thread[]): void {
    const around = new Map<Formula, Frame[]>();
    for (const { frame: parent, value } of begun) {
      const frame = parent && this.#started(parent, text.length - 1);
      const others = around.get(value);
      if (!frame || begun.length === 1) this.#begin(frame, value, byte, text, into);
      else if (others) others.push(frame);
      else around.set(value, [frame]);
    }
    for (const [value, frames] of around) this.#begin(this.#frames.joint(frames), value, byte, text, into);
  }

  /** The frame with an item that begins there, where that is to be known. */
  #started(frame: Frame, start: number): Frame {
    if (frame.kind !== 'array' || !frame.shape.unique) return frame;
    this.looked = true;
    return this.#frames.array(frame.parent, frame.shape, frame.state, start);
  }

  #begin(parent: Frame | undefined, value: Formula, byte: number, text: Text, into: Thread[]): void {
    const shape = this.#reader.shapes.of(value);
    if (byte === 0x7b || byte === 0x5b) {
      if (parent && parent.depth >= MAX_DEPTH) return;
      if (byte === 0x7b) {
        for (const object of shape.objects) {
          const plan = this.#plans.object(object);
          if (!this.#plans.objectFeasible(plan, plan.start)) continue;
          into.push(Thread.at('open', this.#frames.object(parent, this.#places.place(plan))));
        }
        return;
      }
      for (const array of shape.arrays) {
        const state = arrayStart(array);
        if (!this.#plans.arrays.feasible(array, state)) continue;
        into.push(Thread.at('open', this.#frames.array(parent, array, state, 0)));
      }
      return;
    }
    this.#read(Thread.reading('scalar', parent, this.#scalar(shape)), byte, text, into, []);
  }

  #scalar(shape: Shape): Term {
    let term = this.#scalars.get(shape);
    if (term === undefined) {
      const { terms } = this.#reader;
      const words = wordTexts(shape.words).map(word => terms.text(word));
      term = terms.alt(shape.number, shape.string, ...words);
      this.#scalars.set(shape, term);
    }
    return term;
  }

  #read(thread: Thread, byte: number, text: Text, into: Thread[], begun: Begun[]): void {
    const { frame, rest } = thread;
    const { terms } = this.#reader;
    const next = terms.next(rest, byte);
    if (next > EPSILON) into.push(thread.withRest(next));
    else if (next === EPSILON && thread.at === 'key') {
      this.looked = true;
      into.push(...this.named(thread, keySoFar(text, text.length - 1)));
    } else if (next === EPSILON) into.push(...this.ended(frame, text, text.length));
    else if (thread.at === 'scalar' && terms.nullable(rest)) {
      if (frame === HOLE) into.push(EARLY);
      else
        for (const ended of this.ended(frame, text, text.length - 1))
          this.advance(ended, byte, text, into, begun);
    }
  }

  /** Behind a key with this spelling; without one, behind a key that nothing speaks of. */
  named({ frame }: Thread, spelling: string | undefined): readonly Thread[] {
    if (frame?.kind !== 'object') return [];
    return this.#places
      .after(frame.place, spelling ?? this.#places.stray(frame.place))
      .map(({ place, value }) => Thread.at('colon', this.#frames.object(frame.parent, place), value));
  }

  /** The spellings that begin so, of names that the threads' objects list or have taken. */
  *spokenOf(threads: readonly Thread[], beginning: string): Generator<string> {
    for (const { frame } of threads) {
      if (frame?.kind !== 'object') continue;
      const { plan, state } = frame.place;
      yield* this.#places.namesWith(plan, beginning);
      for (const extra of state.extras) {
        const name = spellingOf(extra);
        if (name.startsWith(beginning)) yield name;
      }
    }
  }

  /** The terms that tell apart the keys that nothing speaks of. */
  divisions(threads: readonly Thread[]): readonly Term[] {
    const plans = new Set(
      threads.flatMap(({ frame }) => (frame?.kind === 'object' ? [frame.place.plan] : [])),
    );
    return [...new Set([...plans].flatMap(plan => this.#places.divisions(plan)))];
  }

  /** A value is complete: it ends before `end`. */
  ended(frame: Frame | undefined, text: Text, end: number): readonly Thread[] {
    if (!frame) return [Thread.at('done', frame)];
    if (frame.kind === 'hole') return [OUT];
    if (frame.kind === 'joint') return frame.frames.flatMap(each => this.ended(each, text, end));
    if (frame.kind === 'object' || !frame.shape.unique) return [Thread.at('after', frame)];
    this.looked = true;
    const { shape, state } = frame;
    const value = parseJson(decode(text.bytes.subarray(frame.start, end)));
    const taken = this.#reader.shapes.apartFrom([oneOfValues([value], this.#reader, true)], state.taken);
    return [Thread.at('after', this.#frames.array(frame.parent, shape, { ...state, taken }, 0))];
  }

  /** A byte that is no blank space, behind a bracket, a comma or a value. */
  #punctuate(
    { at, gap }: Thread,
    frame: Frame,
    byte: number,
    text: Text,
    into: Thread[],
    begun: Begun[],
  ): void {
    if (frame.kind === 'hole' || frame.kind === 'joint') return;
    if (frame.kind === 'object') {
      const { place } = frame;
      if (byte === 0x7d) {
        if (at !== 'next' && this.#closable(frame)) into.push(...this.ended(frame.parent, text, text.length));
      } else if (at === 'after') {
        if (byte === 0x2c && gap === 0 && this.#places.keysAt(place).term !== NEVER)
          into.push(Thread.at('next', frame));
      } else if (byte === QUOTE) {
        const { term, open } = this.#places.keysAt(place);
        this.#read(Thread.reading('key', frame, term, open), byte, text, into, begun);
      }
      return;
    }
    const { shape, state, parent } = frame;
    if (byte === 0x5d) {
      if (this.#closable(frame)) into.push(...this.ended(parent, text, text.length));
      return;
    }
    if (at === 'after' && (byte !== 0x2c || gap > 0)) return;
    for (const option of this.#plans.arrays.afterItem(shape, state)) {
      const item = this.#frames.array(parent, shape, option.state, 0);
      if (at === 'after') into.push(Thread.at('value', item, option.value));
      else begun.push({ frame: item, value: option.value });
    }
  }

  #closable(frame: Frame): boolean {
    if (frame.kind === 'object') return this.#places.objectComplete(frame.place.plan, frame.place.state);
    return frame.kind === 'array' && this.#plans.arrays.complete(frame.shape, frame.state);
  }

  /** Whether what may follow in the hole may follow there, however deep it goes. */
  mayDeepen(context: Frame | undefined): boolean {
    return (context?.depth ?? 0) <= HOLE.depth;
  }

  /** The thread with the hole as its context. */
  inHole(thread: Thread): Thread {
    const { frame } = thread;
    if (thread.at === 'value' || thread.at === 'colon')
      return thread.within(HOLE, this.#representative(thread.value));
    if (thread.at === 'scalar') return thread.within(HOLE);
    if (frame?.kind === 'object') return thread.within(this.#frames.object(HOLE, frame.place));
    if (frame?.kind === 'array')
      return thread.within(this.#frames.array(HOLE, frame.shape, frame.state, frame.start));
    return thread;
  }

  /** One formula of all that have the same scalars, and nothing else. */
  #representative(value: Formula): Formula {
    const shape = this.#reader.shapes.of(value);
    if (shape.arrays.length + shape.objects.length > 0) return value;
    const scalar = this.#scalar(shape);
    const first = this.#alike.get(scalar);
    if (first === undefined) this.#alike.set(scalar, value);
    return first ?? value;
  }
}

/** What a thread's text is part of: what stands around the value, or around the object or array, that it reads. */
export function contextOf({ at, frame }: Thread): Frame | undefined | 'none' {
  switch (at) {
    case 'value':
    case 'colon':
    case 'scalar':
      return frame;
    case 'key':
    case 'open':
    case 'next':
    case 'after':
      return frame!.parent;
    default:
      return 'none';
  }
}

export function threadKey(thread: Thread): string {
  const frame = thread.frame?.id ?? '';
  switch (thread.at) {
    case 'value':
      return `v${frame},${thread.value},${thread.gap}`;
    case 'scalar':
      return `s${frame},${thread.rest}`;
    case 'key':
      return `k${frame},${thread.rest}`;
    case 'colon':
      return `c${frame},${thread.value}`;
    case 'done':
    case 'out':
    case 'early':
      return thread.at;
    default:
      return `${thread.at}${frame},${thread.gap}`;
  }
}

/**
 * The spelling of the key that the text is in, or that ends before `end`: from behind the last quote that no backslash escapes. A char
 * code for each byte.
 */
export function keySoFar({ bytes, length }: Text, end = length): string {
  let from = end;
  for (;;) {
    if (bytes[--from] !== QUOTE) continue;
    let slashes = 0;
    while (bytes[from - 1 - slashes] === 0x5c) slashes++;
    if (slashes % 2 === 0) return charsOf(bytes.subarray(from + 1, end));
  }
}
