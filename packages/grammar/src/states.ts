/**
 * Where a text stands in its grammar. A thread is one way to read what is written: the open objects and arrays as a stack of
 * frames, and what is being read. JSON's own syntax is deterministic, so threads differ only in the alternatives they follow.
 * Frames and states are interned, and a state remembers where each byte led.
 */
import { type ArrayState, arrayStart } from './array-plans.ts';
import { LimitError } from './error.ts';
import type { Formula } from './formulas.ts';
import { parseJson } from './json.ts';
import { oneOfValues } from './keywords/values.ts';
import type { ObjectPlan, ObjectState, Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import { type ArrayShape, type Shape, wordTexts } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { EPSILON, NEVER, type Term, type Terms } from './terms.ts';

type Frame = { readonly id: number; readonly parent: Frame | undefined } & (
  | {
      readonly kind: 'object';
      readonly plan: ObjectPlan;
      readonly state: ObjectState;
      /** Where names led so far. */
      readonly after: Map<string, readonly Thread[]>;
    }
  /** `start` is where the item in progress begins in the text, kept where items must differ. */
  | { readonly kind: 'array'; readonly shape: ArrayShape; readonly state: ArrayState; readonly start: number }
);

type Thread = {
  readonly frame: Frame | undefined;
} /** A value is to come; `gap` is the blank space so far. */ & (
  | { readonly at: 'value'; readonly value: Formula; readonly gap: number }
  /** Inside a scalar or a key: `rest` is what may follow. */
  | { readonly at: 'scalar' | 'key'; readonly rest: Term }
  /** Behind `{` or `[`; behind a comma in an object; behind a value. */
  | { readonly at: 'open' | 'next' | 'after'; readonly gap: number }
  | { readonly at: 'colon'; readonly value: Formula }
  | { readonly at: 'done' }
);

export interface State {
  readonly id: number;
  readonly threads: readonly Thread[];
  /** Whether the text may end here. */
  readonly complete: boolean;
  /** What may follow inside the scalar or key that every thread stands in; empty elsewhere. Without doubles. */
  readonly rests: readonly Term[];
  /** Whether a thread stands in a key, whose bytes so far decide with the state what may follow. */
  readonly key: boolean;
  /** Whether a thread stands in an array whose items must differ, so that their bytes decide. */
  readonly unique: boolean;
  /** Where bytes led so far. */
  readonly next: Map<number, State | undefined>;
  /** States with other rests in the same frames. */
  readonly moved: Map<Term, State>;
  /** See `States.parts`. */
  parts: readonly State[] | undefined;
}

/** The text so far; `length` counts its bytes. */
export interface Text {
  bytes: Uint8Array;
  length: number;
}

const MAX_THREADS = 400;
const MAX_STATES = 20_000;
const MAX_DEPTH = 400;
/** Blank space: nothing, one space, or a line feed and at most this many spaces and tabs. */
const MAX_INDENT = 40;

export class States {
  private readonly terms: Terms;
  private readonly shapes: Shapes;
  private readonly reader: SchemaReader;
  private readonly plans: Plans;
  private readonly compact: boolean;
  private readonly ids = new Map<object, number>();
  private frames = new Map<string, Frame>();
  private states = new Map<string, State>();
  private readonly scalars = new Map<Shape, Term>();
  private readonly keyTerms = new Map<number, Term>();
  private count = 0;
  /** Whether the last step looked at the text, so that it cannot be remembered. */
  private looked = false;
  readonly start: State;

  constructor(reader: SchemaReader, plans: Plans, compact: boolean) {
    this.reader = reader;
    this.terms = reader.terms;
    this.shapes = reader.shapes;
    this.plans = plans;
    this.compact = compact;
    this.start = this.state([{ at: 'value', frame: undefined, value: reader.root, gap: 0 }])!;
  }

  /** The state after `byte`, which lies in the text already as its last; absent when it cannot follow. */
  step(state: State, byte: number, text: Text): State | undefined {
    if (state.next.has(byte)) return state.next.get(byte);
    this.looked = false;
    this.plans.renew();
    const threads: Thread[] = [];
    for (const thread of state.threads) this.advance(thread, byte, text, threads);
    const next = this.state(threads);
    if (!this.looked) state.next.set(byte, next);
    return next;
  }

  /** The state whose threads stand in the same frames, with another rest; `state` has one. */
  within(state: State, rest: Term): State {
    if (state.rests[0] === rest) return state;
    let found = state.moved.get(rest);
    if (!found) {
      found = this.state(state.threads.map(thread => ({ ...thread, rest }) as Thread))!;
      state.moved.set(rest, found);
    }
    return found;
  }

  /** States that read together what `state` reads: one for every rest and kind of text, and one for what is outside of them. */
  parts(state: State): readonly State[] {
    if (!state.parts) {
      const groups = new Map<string, Thread[]>();
      for (const thread of state.threads) {
        const reading = thread.at === 'scalar' || thread.at === 'key';
        const key = reading ? `${thread.at}${thread.rest}` : '';
        groups.set(key, [...(groups.get(key) ?? []), thread]);
      }
      state.parts = groups.size < 2 ? [state] : [...groups.values()].map(threads => this.state(threads)!);
    }
    return state.parts;
  }

  /** What decides with the vocabulary about the next token; absent where that is the whole text. */
  memory(state: State, text: Text): string | number | undefined {
    if (state.unique) return undefined;
    if (!state.key) return state.id;
    // Where only the quote is left it may be any name, known beforehand or not.
    const run = state.rests.length === 1 ? this.terms.asRun(state.rests[0]) : undefined;
    if (run && run.max > 0 && this.uniform(state)) return state.id;
    let memory = `${state.id} `;
    for (let at = keyStart(text, text.length - 1); at < text.length; at++)
      memory += String.fromCharCode(text.bytes[at]);
    return memory;
  }

  /** Whether it is all the same, inside a key, which of the names beyond the plan's it is. */
  uniform({ threads }: State): boolean {
    return threads.every(
      ({ at, frame }) => at !== 'key' || (frame?.kind === 'object' && this.plans.uniform(frame.plan)),
    );
  }

  private state(threads: readonly Thread[]): State | undefined {
    if (threads.length === 0) return undefined;
    if (threads.length === 1) return this.interned(threadKey(threads[0]), threads);
    const keys = new Map<string, Thread>();
    for (const thread of threads) keys.set(threadKey(thread), thread);
    if (keys.size > MAX_THREADS) throw new LimitError('too many alternatives are open at once');
    return this.interned([...keys.keys()].sort().join(' '), [...keys.values()]);
  }

  private interned(key: string, list: readonly Thread[]): State {
    const known = this.states.get(key);
    if (known) return known;
    if (this.states.size >= MAX_STATES) {
      this.states = new Map();
      this.frames = new Map();
      this.keyTerms.clear();
    }
    const reading = list.every(thread => thread.at === 'scalar' || thread.at === 'key');
    const state: State = {
      id: this.count++,
      threads: list,
      complete: list.some(
        thread =>
          thread.at === 'done' ||
          (thread.at === 'scalar' && !thread.frame && this.terms.nullable(thread.rest)),
      ),
      rests: reading ? [...new Set(list.map(thread => (thread as { rest: Term }).rest))] : [],
      key: list.some(thread => thread.at === 'key'),
      unique: list.some(thread => inUniqueItem(thread.frame)),
      next: new Map(),
      moved: new Map(),
      parts: undefined,
    };
    this.states.set(key, state);
    return state;
  }

  private idOf(thing: object): number {
    let id = this.ids.get(thing);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(thing, id);
    }
    return id;
  }

  private objectFrame(parent: Frame | undefined, plan: ObjectPlan, state: ObjectState): Frame {
    const extras = state.extras.length > 0 ? JSON.stringify(state.extras) : '';
    const key = `o${parent?.id},${this.idOf(plan)},${state.places.join('.')},${state.count},${state.done},${state.clauses.join('.')},${extras}`;
    return this.frame(key, id => ({ id, parent, kind: 'object', plan, state, after: new Map() }));
  }

  private arrayFrame(parent: Frame | undefined, shape: ArrayShape, state: ArrayState, start: number): Frame {
    const key = `a${parent?.id},${this.idOf(shape)},${state.index},${state.counts.join('.')},${state.taken.join('.')},${start}`;
    return this.frame(key, id => ({ id, parent, kind: 'array', shape, state, start }));
  }

  private frame(key: string, make: (id: number) => Frame): Frame {
    let frame = this.frames.get(key);
    if (!frame) {
      frame = make(this.count++);
      this.frames.set(key, frame);
    }
    return frame;
  }

  private advance(thread: Thread, byte: number, text: Text, into: Thread[]): void {
    switch (thread.at) {
      case 'done':
        return;
      case 'value': {
        const gap = this.gap(thread.gap, byte);
        if (gap > 0) into.push({ ...thread, gap });
        else if (gap === 0) this.begin(thread.frame, thread.value, byte, text, into);
        return;
      }
      case 'scalar':
      case 'key':
        this.read(thread, byte, text, into);
        return;
      case 'colon':
        if (byte === 0x3a) into.push({ at: 'value', frame: thread.frame, value: thread.value, gap: 0 });
        return;
      default: {
        const gap = this.gap(thread.gap, byte);
        // Behind a value, blank space leads to the closing bracket only.
        if (gap > 0 && (thread.at !== 'after' || this.closable(thread.frame!))) into.push({ ...thread, gap });
        else if (gap === 0) this.punctuate(thread, thread.frame!, byte, text, into);
      }
    }
  }

  /** The blank space with `byte`: 0 when it is none, −1 when there may be no more of it. */
  private gap(gap: number, byte: number): number {
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x09) return 0;
    if (this.compact) return -1;
    if (gap === 0) return byte === 0x20 ? 1 : byte === 0x0a ? 2 : -1;
    return gap >= 2 && gap < 2 + MAX_INDENT && byte !== 0x0a ? gap + 1 : -1;
  }

  /** The first byte of a value. */
  private begin(frame: Frame | undefined, value: Formula, byte: number, text: Text, into: Thread[]): void {
    const shape = this.shapes.of(value);
    let parent = frame;
    if (frame?.kind === 'array' && frame.shape.unique) {
      this.looked = true;
      parent = this.arrayFrame(frame.parent, frame.shape, frame.state, text.length - 1);
    }
    if (byte === 0x7b || byte === 0x5b) {
      if (depthOf(parent) >= MAX_DEPTH) return;
      if (byte === 0x7b) {
        for (const object of shape.objects) {
          const plan = this.plans.object(object);
          if (!this.plans.objectFeasible(plan, plan.start)) continue;
          into.push({ at: 'open', frame: this.objectFrame(parent, plan, plan.start), gap: 0 });
        }
        return;
      }
      for (const array of shape.arrays) {
        const state = arrayStart(array);
        if (!this.plans.arrays.feasible(array, state)) continue;
        into.push({ at: 'open', frame: this.arrayFrame(parent, array, state, 0), gap: 0 });
      }
      return;
    }
    this.read({ at: 'scalar', frame: parent, rest: this.scalar(shape) }, byte, text, into);
  }

  private scalar(shape: Shape): Term {
    let term = this.scalars.get(shape);
    if (term === undefined) {
      const words = wordTexts(shape.words).map(word => this.terms.text(word));
      term = this.terms.alt(shape.number, shape.string, ...words);
      this.scalars.set(shape, term);
    }
    return term;
  }

  private read(
    thread: Extract<Thread, { at: 'scalar' | 'key' }>,
    byte: number,
    text: Text,
    into: Thread[],
  ): void {
    const { at, frame, rest } = thread;
    const next = this.terms.next(rest, byte);
    if (next !== NEVER && next !== EPSILON) into.push({ at, frame, rest: next });
    else if (next === EPSILON && at === 'key') this.named(frame!, text, into);
    else if (next === EPSILON) into.push(this.ended(frame, text, text.length));
    else if (at === 'scalar' && this.terms.nullable(rest)) {
      this.advance(this.ended(frame, text, text.length - 1), byte, text, into);
    }
  }

  /** A key is complete: the last bytes of the text. */
  private named(frame: Frame, text: Text, into: Thread[]): void {
    if (frame.kind !== 'object') return;
    this.looked = true;
    const key = JSON.parse(decode(text.bytes, keyStart(text, text.length - 2), text.length)) as string;
    let after = frame.after.get(key);
    if (!after) {
      after = this.plans.afterName(frame.plan, frame.state, key).map(({ state, value }) => ({
        at: 'colon',
        frame: this.objectFrame(frame.parent, frame.plan, state),
        value,
      }));
      frame.after.set(key, after);
    }
    into.push(...after);
  }

  /** A value is complete: it ends before `end`. */
  private ended(frame: Frame | undefined, text: Text, end: number): Thread {
    if (!frame) return { at: 'done', frame };
    if (frame.kind === 'object' || !frame.shape.unique) return { at: 'after', frame, gap: 0 };
    this.looked = true;
    const value = parseJson(decode(text.bytes, frame.start, end));
    const { shape, state } = frame;
    const taken = [...new Set([...state.taken, oneOfValues([value], this.reader)])].sort((a, b) => a - b);
    return { at: 'after', frame: this.arrayFrame(frame.parent, shape, { ...state, taken }, 0), gap: 0 };
  }

  /** A byte that is no blank space, behind a bracket, a comma or a value. */
  private punctuate(
    { at, gap }: Extract<Thread, { at: 'open' | 'next' | 'after' }>,
    frame: Frame,
    byte: number,
    text: Text,
    into: Thread[],
  ): void {
    if (frame.kind === 'object') {
      const { plan, state } = frame;
      if (byte === 0x7d) {
        if (at !== 'next' && this.plans.objectComplete(plan, state))
          into.push(this.ended(frame.parent, text, text.length));
      } else if (at === 'after') {
        if (byte === 0x2c && gap === 0 && this.keys(frame) !== NEVER)
          into.push({ at: 'next', frame, gap: 0 });
      } else if (byte === 0x22) this.read({ at: 'key', frame, rest: this.keys(frame) }, byte, text, into);
      return;
    }
    const { shape, state, parent } = frame;
    if (byte === 0x5d) {
      if (this.closable(frame)) into.push(this.ended(parent, text, text.length));
      return;
    }
    if (at === 'after' && (byte !== 0x2c || gap > 0)) return;
    for (const option of this.plans.arrays.afterItem(shape, state)) {
      const item = this.arrayFrame(parent, shape, option.state, 0);
      if (at === 'after') into.push({ at: 'value', frame: item, value: option.value, gap: 0 });
      else this.begin(item, option.value, byte, text, into);
    }
  }

  private closable(frame: Frame): boolean {
    return frame.kind === 'object'
      ? this.plans.objectComplete(frame.plan, frame.state)
      : this.plans.arrays.complete(frame.shape, frame.state);
  }

  private keys(frame: Extract<Frame, { kind: 'object' }>): Term {
    let term = this.keyTerms.get(frame.id);
    if (term === undefined) {
      const keys = this.plans.keys(frame.plan, frame.state);
      term = this.terms.live(keys) ? keys : NEVER;
      this.keyTerms.set(frame.id, term);
    }
    return term;
  }
}

function threadKey(thread: Thread): string {
  const frame = thread.frame?.id ?? '';
  switch (thread.at) {
    case 'value':
      return `v${frame},${thread.value},${thread.gap}`;
    case 'scalar':
    case 'key':
      return `${thread.at === 'key' ? 'k' : 's'}${frame},${thread.rest}`;
    case 'colon':
      return `c${frame},${thread.value}`;
    case 'done':
      return 'd';
    default:
      return `${thread.at}${frame},${thread.gap}`;
  }
}

function inUniqueItem(frame: Frame | undefined): boolean {
  for (let at = frame; at; at = at.parent) if (at.kind === 'array' && at.shape.unique) return true;
  return false;
}

function depthOf(frame: Frame | undefined): number {
  let depth = 0;
  for (let at = frame; at; at = at.parent) depth++;
  return depth;
}

/** Where the key begins that `last` lies in: the quote at or before it that no backslash escapes. */
function keyStart({ bytes }: Text, last: number): number {
  for (let at = last; ; at--) {
    if (bytes[at] !== 0x22) continue;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === 0x5c) slashes++;
    if (slashes % 2 === 0) return at;
  }
}

const decoder = new TextDecoder();
function decode(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}
