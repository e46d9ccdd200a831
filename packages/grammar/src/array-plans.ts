/** Which arrays can still be completed, and what their items must satisfy; see `plans.ts`. */
import { Counts } from './counts.ts';
import { LimitError } from './error.ts';
import { type Formula, type Formulas, TRUE } from './formulas.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape } from './shape.ts';
import type { Shapes } from './shapes.ts';

export interface ArrayState {
  /** Items so far, no further than the shape can tell apart. */
  readonly index: number;
  /** Items so far that satisfy each `contains`. */
  readonly counts: readonly number[];
  /** What differs from the items so far, where items must. */
  readonly taken: Formula;
  /** Of the shape's `apart`, those that the array may still be. */
  readonly apart: readonly Formula[];
}

/** Places with one formula. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly of: Formula;
}

const MAX_WAYS = 32;

export class ArrayPlans {
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #plans: Plans;
  readonly counts: Counts;

  constructor(reader: SchemaReader, plans: Plans) {
    this.#formulas = reader.formulas;
    this.#shapes = reader.shapes;
    this.#plans = plans;
    this.counts = new Counts(reader, plans, this);
  }

  /** What the item at an index must satisfy, beside those so far. */
  itemAt(shape: ArrayShape, state: ArrayState, index: number): Formula {
    return this.#formulas.and(this.#shapes.itemAt(shape, index), state.taken);
  }

  /**
   * Whether the array can be completed. `used`: what items satisfy that count as written, but whose values are not taken yet. Adds to
   * `few` what items satisfy that are to come where there are too few values for whatever else may be written.
   */
  feasible(
    shape: ArrayShape,
    state: ArrayState,
    used: readonly Formula[] = [],
    few = new Set<Formula>(),
  ): boolean {
    if (state.index > shape.max || shape.min > shape.max) return false;
    const open = shape.contains.some(({ min, max }, i) => max < Infinity || state.counts[i] < min);
    const forced = this.stretches(shape, state).filter(({ from }) => from < shape.min);
    if (forced.some(({ of }) => !this.#plans.inhabited(of))) return false;
    if (!open && state.apart.length + (shape.unique ? forced.length : 0) === 0) return true;
    return this.counts.arrays(shape, state, 1, used, few) > 0;
  }

  /** The places from there to the end, those with one formula together. */
  stretches(shape: ArrayShape, state: ArrayState): readonly Stretch[] {
    const cuts = new Set([state.index]);
    for (const { from } of shape.contains) if (from > state.index) cuts.add(from);
    for (const { from, to } of shape.items) {
      if (from > state.index) cuts.add(from);
      if (to + 1 > state.index && to < Infinity) cuts.add(to + 1);
    }
    const starts = [...cuts].sort((a, b) => a - b);
    return starts.map((from, i) => ({
      from,
      to: starts[i + 1] ?? Infinity,
      of: this.itemAt(shape, state, from),
    }));
  }

  /** The ways to count one more item, each with what the item must satisfy: without one in common if `apart`. */
  ways(
    shape: ArrayShape,
    before: readonly number[],
    index: number,
    item: Formula,
    apart: boolean,
  ): readonly { readonly counts: readonly number[]; readonly value: Formula }[] {
    let ways = [{ counts: before, value: item }];
    for (const [i, { from, of, min, max }] of shape.contains.entries()) {
      const isBound = max < Infinity || apart;
      if (index < from || (!isBound && before[i] >= min)) continue;
      const count = max < Infinity ? before[i] + 1 : Math.min(before[i] + 1, min);
      ways = ways.flatMap(({ counts, value }) => [
        ...(count <= max ? [{ counts: counts.with(i, count), value: this.#formulas.and(value, of) }] : []),
        { counts, value: isBound ? this.#formulas.and(value, this.#formulas.not(of)) : value },
      ]);
      if (ways.length <= MAX_WAYS) continue;
      // of those that have nothing in common few have values
      if (!apart) return this.ways(shape, before, index, item, true);
      ways = ways.filter(({ value }) => this.#plans.inhabited(value));
      if (ways.length > MAX_WAYS) throw new LimitError('too many of its conditions overlap');
    }
    return ways;
  }

  /** States with one more item, each with what that item must satisfy. */
  afterItem(shape: ArrayShape, state: ArrayState): readonly { state: ArrayState; value: Formula }[] {
    const item = this.itemAt(shape, state, state.index);
    if (state.index >= shape.max || !this.#plans.inhabited(item)) return [];
    const last = shape.items.reduce(
      (most, { from, to }) => Math.max(most, from, to < Infinity ? to + 1 : 0),
      Math.max(0, ...state.apart.map(of => this.#shapes.of(of).arrays[0].min + 1)),
    );
    const start = shape.contains.reduce((most, { from }) => Math.max(most, from), Math.max(last, shape.min));
    const index = Math.min(state.index + 1, shape.max < Infinity ? Infinity : start);
    const partOf = (of: Formula) => {
      const [array] = this.#shapes.of(of).arrays;
      return state.index < array.min ? this.#shapes.itemAt(array, state.index) : undefined;
    };
    return this.ways(shape, state.counts, state.index, item, shape.unique)
      .flatMap(({ counts, value }) =>
        this.#shapes.parted(value, state.apart, partOf).map(({ value, apart }) => ({
          state: { index, counts, taken: state.taken, apart },
          value,
        })),
      )
      .flatMap(({ state, value }) => this.#sparing(shape, state, value).map(value => ({ state, value })));
  }

  /** The parts of an item's values with which the array can be completed: it may not take the last value of a later one. */
  #sparing(shape: ArrayShape, state: ArrayState, value: Formula): readonly Formula[] {
    const few = new Set<Formula>();
    if (!this.#plans.inhabited(value) || !this.feasible(shape, state, [value], few)) return [];
    // what the array must not be has one value there
    if (state.apart.length > 0) return [value];
    let parts = [value];
    for (const of of few) {
      parts = parts.flatMap(part => this.#parted(part, of)).filter(part => this.#plans.inhabited(part));
      if (parts.length > MAX_WAYS) throw new LimitError('too many of its conditions overlap');
    }
    return parts.length === 1 ? parts : parts.filter(part => this.feasible(shape, state, [part]));
  }

  /** What is in both, and what is in the first alone, where they overlap. */
  #parted(part: Formula, of: Formula): readonly Formula[] {
    const both = this.#formulas.and(part, of);
    if (both === part || !this.#plans.inhabited(both)) return [part];
    return [both, this.#formulas.and(part, this.#formulas.not(of))];
  }

  /** Whether the array may end here. */
  complete(shape: ArrayShape, state: ArrayState): boolean {
    const isApart = state.apart.every(of => this.#shapes.of(of).arrays[0].min !== state.index);
    return (
      isApart && state.index >= shape.min && state.index <= shape.max && this.satisfied(shape, state.counts)
    );
  }

  /** Whether so many items satisfy each `contains`. */
  satisfied(shape: ArrayShape, counts: readonly number[]): boolean {
    return shape.contains.every(({ min, max }, i) => counts[i] >= min && counts[i] <= max);
  }
}

export function arrayStart(shape: ArrayShape): ArrayState {
  return { index: 0, counts: shape.contains.map(() => 0), taken: TRUE, apart: shape.apart };
}
