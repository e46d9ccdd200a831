/**
 * Where a text stands in its grammar: the ways to read what is written, each a thread. States are interned, and a state remembers
 * where each byte led.
 */
import { LimitError } from './error.ts';
import { type Frame, HOLE } from './frames.ts';
import type { Places } from './places.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { Term, Terms } from './terms.ts';
import {
  type Begun,
  contextOf,
  keySoFar,
  ONE_SPACE,
  type Text,
  Thread,
  Threads,
  threadKey,
} from './threads.ts';

const NO_RESTS: readonly Term[] = [];

export class State {
  readonly id: number;
  readonly threads: readonly Thread[];
  /** Whether the text may end here. */
  readonly complete: boolean = false;
  /** What may follow inside the scalar or key that every thread stands in; empty elsewhere. Without doubles. */
  readonly rests: readonly Term[] = NO_RESTS;
  /** Whether a thread stands in a key, whose bytes so far decide with the state what may follow. */
  readonly key: boolean = false;
  /** Whether all threads stand in keys that are looked at when they are complete. */
  readonly open: boolean;
  /** Whether a thread stands in an array whose items must differ, so that their bytes decide. */
  readonly unique: boolean = false;
  /** Whether a thread has left the hole; whether it had done so before the last byte. */
  readonly out: boolean = false;
  readonly early: boolean = false;
  /** Where bytes led so far. */
  next: Map<number, State | undefined> | undefined = undefined;
  /** States with other rests in the same frames. */
  moved: Map<Term, State> | undefined = undefined;
  /** What was computed of the methods that are named so. */
  parts: readonly State[] | undefined = undefined;
  inner: State | undefined = undefined;
  outer: State | undefined = undefined;
  stray: State | undefined = undefined;
  divisions: readonly Term[] | undefined = undefined;

  constructor(id: number, threads: readonly Thread[], terms: Terms) {
    this.id = id;
    this.threads = threads;
    let reading = true;
    let open = true;
    for (const { at, frame, rest, open: isOpen } of threads) {
      const isKey = at === 'key';
      reading &&= isKey || at === 'scalar';
      open &&= isKey && isOpen;
      this.key ||= isKey;
      this.complete ||= at === 'done' || (at === 'scalar' && !frame && terms.nullable(rest));
      this.unique ||= frame?.unique === true;
      this.out ||= at === 'out';
      this.early ||= at === 'early';
    }
    this.open = open;
    if (reading) this.rests = [...new Set(threads.map(({ rest }) => rest))];
  }
}

/**
 * A copy, for a list that lives as long as the grammar. Where lists that are written out in the code outlive collections, V8 makes
 * the later ones in its old space, and dead ones there hold on to the whole of a grammar.
 */
export const kept = <T>(list: readonly T[]): readonly T[] => list.slice();

const MAX_THREADS = 10_000;
/** Threads of all the states that are remembered. */
const MAX_KEPT = 50_000;

export class States {
  readonly #terms: Terms;
  readonly #plans: Plans;
  readonly #threads: Threads;
  #states = new Map<string, State>();
  #count = 0;
  #kept = 0;
  /** Before a value, where blank space may come first. */
  readonly start: State;
  /** Before a text that is nothing but a value: no blank space comes first, as in Ollama. */
  readonly beginning: State;

  constructor(reader: SchemaReader, plans: Plans, places: Places, compact: boolean) {
    this.#terms = reader.terms;
    this.#plans = plans;
    this.#threads = new Threads(reader, plans, places, compact);
    const start = Thread.at('value', undefined, reader.root);
    this.start = this.#state([start])!;
    this.beginning = this.#state([start.withGap(ONE_SPACE)])!;
  }

  /** The state after `byte`, which lies in the text already as its last; absent when it cannot follow. */
  step(state: State, byte: number, text: Text): State | undefined {
    const known = state.next?.get(byte);
    if (known || state.next?.has(byte)) return known;
    this.#threads.looked = false;
    this.#plans.renew();
    const threads: Thread[] = [];
    const begun: Begun[] = [];
    for (const thread of state.threads) this.#threads.advance(thread, byte, text, threads, begun);
    this.#threads.begin(begun, byte, text, threads);
    const next = this.#state(threads);
    if (!this.#threads.looked) {
      state.next ??= new Map();
      state.next.set(byte, next);
    }
    return next;
  }

  /** The state whose threads stand in the same frames, with another rest; `state` has one. */
  within(state: State, rest: Term): State {
    if (state.rests[0] === rest) return state;
    let found = state.moved?.get(rest);
    if (!found) {
      found = this.#state(state.threads.map(thread => thread.withRest(rest)))!;
      state.moved ??= new Map();
      state.moved.set(rest, found);
    }
    return found;
  }

  /** Inside a string that is all of a text, of which that may follow. */
  string(rest: Term): State {
    return this.#state([Thread.reading('scalar', undefined, rest)])!;
  }

  /** Where what may follow inside the scalar or key is also in the term; absent where that leaves nothing. */
  narrowed(state: State, term: Term): State | undefined {
    const threads = state.threads.map(thread => thread.withRest(this.#terms.and(thread.rest, term)));
    return this.#state(threads.filter(({ rest }) => this.#terms.live(rest)));
  }

  /** States that read together what `state` reads: one for every rest and kind of text, and one for what is outside of them. */
  parts(state: State): readonly State[] {
    if (!state.parts && state.threads.length === 1) state.parts = kept([state]);
    else if (!state.parts) {
      const groups = new Map<string, Thread[]>();
      for (const thread of state.threads) {
        const reading = thread.at === 'scalar' || thread.at === 'key';
        const key = reading ? `${thread.at}${thread.rest}` : '';
        const group = groups.get(key);
        if (group) group.push(thread);
        else groups.set(key, [thread]);
      }
      const parts = groups.size < 2 ? [state] : [...groups.values()].map(threads => this.#state(threads)!);
      state.parts = kept(parts);
    }
    return state.parts;
  }

  /**
   * The state with a hole around the value or object that is being read, the same for all places in which it may stand; the state
   * itself where there is none, or where it matters what is around.
   */
  inner(state: State): State {
    if (!state.inner) {
      const [first] = state.threads;
      const context = contextOf(first);
      const shared =
        !state.unique &&
        context !== HOLE &&
        context !== 'none' &&
        state.threads.every(thread => contextOf(thread) === context) &&
        this.#threads.mayDeepen(context);
      state.inner = shared ? this.#state(state.threads.map(thread => this.#threads.inHole(thread)))! : state;
    }
    return state.inner;
  }

  /** Where the text stands behind what `inner` goes on to read. */
  outer(state: State, text: Text): State {
    state.outer ??= this.#state(
      this.#threads.ended(contextOf(state.threads[0]) as Frame | undefined, text, 0),
    )!;
    return state.outer;
  }

  /** Behind a key that is none of those that are spoken of; every thread of `state` stands in an open key. */
  stray(state: State): State | undefined {
    state.stray ??= this.#state(state.threads.flatMap(thread => this.#threads.named(thread, undefined)));
    return state.stray;
  }

  /** The terms that tell apart the keys that are not spoken of, as whole JSON strings. */
  divisions(state: State): readonly Term[] {
    state.divisions ??= this.#threads.divisions(state.threads);
    return state.divisions;
  }

  /** Behind the key with this spelling. */
  named(state: State, spelling: string): State | undefined {
    return this.#state(state.threads.flatMap(thread => this.#threads.named(thread, spelling)));
  }

  /** What is missing of names that are spoken of and begin so. */
  completions(state: State, beginning: string): ReadonlySet<string> {
    const found = new Set<string>();
    for (const name of this.#threads.spokenOf(state.threads, beginning))
      found.add(name.slice(beginning.length));
    return found;
  }

  /** What decides with the vocabulary about the next token; absent where that is the whole text. */
  memory(state: State, text: Text): string | number | undefined {
    if (state.unique) return undefined;
    if (!state.key) return state.id;
    const beginning = keySoFar(text);
    const isAny = this.isFree(state) && this.divisions(state).length === 0;
    if (isAny && this.#threads.spokenOf(state.threads, beginning).next().done) return state.id;
    return `${state.id} ${beginning}`;
  }

  /** Whether any characters may follow in a key before its end. */
  isFree(state: State): boolean {
    return state.open && state.rests.length === 1 && this.#terms.asRun(state.rests[0]) !== undefined;
  }

  #state(threads: readonly Thread[]): State | undefined {
    if (threads.length === 0) return undefined;
    if (threads.length === 1) return this.#interned(threadKey(threads[0]), threads);
    const keys = new Map<string, Thread>();
    for (const thread of threads) keys.set(threadKey(thread), thread);
    if (keys.size > MAX_THREADS) throw new LimitError('it has too many alternatives');
    return this.#interned([...keys.keys()].sort().join(' '), [...keys.values()]);
  }

  #interned(key: string, threads: readonly Thread[]): State {
    const known = this.#states.get(key);
    if (known) return known;
    this.#kept += threads.length;
    if (this.#kept > MAX_KEPT) {
      this.#kept = threads.length;
      this.#states = new Map();
      this.#threads.forget();
    }
    const state = new State(this.#count++, kept(threads), this.#terms);
    this.#states.set(key, state);
    return state;
  }
}
