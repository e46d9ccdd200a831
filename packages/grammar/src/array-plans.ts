/** Which arrays can still be completed, and what their items must satisfy; see `plans.ts`. */
import { Counts } from './counts.ts';
import { LimitError } from './error.ts';
import type { Formula, Formulas } from './formulas.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape } from './shape.ts';
import type { Shapes } from './shapes.ts';

export interface ArrayState {
  /** Items so far, no further than the shape can tell apart. */
  readonly index: number;
  /** Items so far that satisfy each `contains`. */
  readonly counts: readonly number[];
  /** Formulas of the items so far, where they must differ. */
  readonly taken: readonly Formula[];
  /** Of the shape's `apart`, those that the array may still be. */
  readonly apart: readonly Formula[];
}

/** Places with one formula. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly of: Formula;
}

const MAX_CHOICES = 5;
const MAX_SEARCH = 20_000;

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
    return this.#formulas.and(this.#shapes.itemAt(shape, index), this.#shapes.apartFrom(state.taken));
  }

  /** Whether the array can be completed. `used`: what items satisfy that count as written, but whose values are not taken yet. */
  feasible(shape: ArrayShape, state: ArrayState, used: readonly Formula[] = []): boolean {
    if (!this.#completable(shape, state, used)) return false;
    return state.apart.length === 0 || this.counts.arrays(shape, state, 1, used) > 0;
  }

  #completable(shape: ArrayShape, state: ArrayState, used: readonly Formula[]): boolean {
    if (state.index > shape.max || shape.min > shape.max) return false;
    if (shape.contains.some(({ min, max }, i) => state.counts[i] > max || min > max)) return false;
    const open = shape.contains.flatMap(({ min, max }, i) =>
      max < Infinity || state.counts[i] < min ? [i] : [],
    );
    // Stretches of places with one formula each, from here to the end.
    const cuts = new Set([state.index]);
    for (const { from } of shape.contains) if (from > state.index) cuts.add(from);
    for (const { from, to } of shape.items) {
      if (from > state.index) cuts.add(from);
      if (to + 1 > state.index && to < Infinity) cuts.add(to + 1);
    }
    const starts = [...cuts].sort((a, b) => a - b);
    const stretches = starts.map((from, i) => ({
      from,
      to: starts[i + 1] ?? Infinity,
      of: this.itemAt(shape, state, from),
    }));
    const forced = stretches.filter(({ from }) => from < shape.min);
    if (forced.some(({ of }) => !this.#plans.inhabited(of))) return false;
    if (open.length > 1 || (shape.unique && (open.length > 0 || forced.length > 1)))
      return this.#reaches(shape, state, stretches, used);
    const places = ({ from, to }: Stretch, first: number, end: number): number =>
      Math.max(0, Math.min(to, end) - Math.max(from, first));
    if (shape.unique && forced.length > 0) {
      const needs = shape.min - state.index;
      return this.counts.values(forced[0].of, needs) >= needs;
    }
    if (open.length === 0) return true;
    const [i] = open;
    const { from, of, min, max } = shape.contains[i];
    const fits = (formula: Formula, end: number): number =>
      stretches
        .filter(stretch => this.#plans.inhabited(this.#formulas.and(stretch.of, formula)))
        .reduce((sum, stretch) => sum + places(stretch, from, end), 0);
    const end = stretches.find(stretch => !this.#plans.inhabited(stretch.of))?.from ?? Infinity;
    if (fits(of, Math.min(shape.max, end)) < min - state.counts[i]) return false;
    const ahead = Math.max(0, shape.min - Math.max(state.index, from));
    return max === Infinity || ahead - fits(this.#formulas.not(of), shape.min) + state.counts[i] <= max;
  }

  /** The same where several conditions compete for the items to come: searched place by place. */
  #reaches(
    shape: ArrayShape,
    { index, counts }: ArrayState,
    stretches: readonly Stretch[],
    used: readonly Formula[],
  ): boolean {
    const asked = shape.contains.reduce(
      (sum, { min }, i) => sum + Math.max(0, min - counts[i]),
      Math.max(0, shape.min - index) + used.length,
    );
    const capacities = new Map<Formula, number>();
    const capacity = (of: Formula): number => {
      let known = capacities.get(of);
      if (known === undefined) {
        const count = shape.unique ? this.counts.values(of, asked) : asked;
        known = count < asked ? count : Infinity;
        capacities.set(of, known);
      }
      return known;
    };
    let ways = new Map([['', { counts, used: used.filter(of => capacity(of) < Infinity) }]]);
    const isDone = (): boolean => [...ways.values()].some(way => this.satisfied(shape, way.counts));
    let work = 0;
    for (const [i, stretch] of stretches.entries()) {
      for (let at = stretch.from; at < Math.min(stretch.to, shape.max); at++) {
        if (at >= shape.min && isDone()) return true;
        const next: typeof ways = new Map();
        for (const way of ways.values()) {
          for (const { counts, value } of this.ways(shape, way.counts, at, stretch.of)) {
            if (++work > MAX_SEARCH) throw new LimitError('too many of its conditions overlap');
            if (!this.#plans.inhabited(value)) continue;
            const isFew = capacity(value) < Infinity;
            if (isFew) this.#refuseShared(value, stretches.slice(0, i));
            if (isFew && way.used.filter(of => of === value).length >= capacity(value)) continue;
            const used = isFew ? [...way.used, value].sort((a, b) => a - b) : way.used;
            next.set(`${counts} ${used}`, { counts, used });
          }
        }
        const isSame = next.size === ways.size && [...next.keys()].every(key => ways.has(key));
        ways = next;
        if (isSame) break;
      }
      if (ways.size === 0) return false;
    }
    return isDone();
  }

  /** An item may not take from a later one, of which there are few, its value. */
  #refuseShared(of: Formula, before: readonly Stretch[]): void {
    if (before.some(stretch => this.#plans.inhabited(this.#formulas.and(stretch.of, of))))
      throw new LimitError('"uniqueItems" is not supported where different items have few values in common');
  }

  /** The ways to count one more item, each with what the item must satisfy: without one in common if `apart`. */
  ways(shape: ArrayShape, before: readonly number[], index: number, item: Formula, apart = shape.unique) {
    let ways: { counts: readonly number[]; value: Formula }[] = [{ counts: before, value: item }];
    shape.contains.forEach(({ from, of, min, max }, i) => {
      const isBound = max < Infinity || apart;
      if (index < from || (!isBound && before[i] >= min)) return;
      const count = max < Infinity ? before[i] + 1 : Math.min(before[i] + 1, min);
      ways = ways.flatMap(({ counts, value }) => [
        ...(count <= max ? [{ counts: counts.with(i, count), value: this.#formulas.and(value, of) }] : []),
        { counts, value: isBound ? this.#formulas.and(value, this.#formulas.not(of)) : value },
      ]);
      if (ways.length > 2 ** MAX_CHOICES) throw new LimitError('too many of its conditions overlap');
    });
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
    return this.ways(shape, state.counts, state.index, item)
      .flatMap(({ counts, value }) =>
        this.#shapes.parted(value, state.apart, partOf).map(({ value, apart }) => ({
          state: { index, counts, taken: state.taken, apart },
          value,
        })),
      )
      .filter(({ state, value }) => this.#plans.inhabited(value) && this.feasible(shape, state, [value]));
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
  return { index: 0, counts: shape.contains.map(() => 0), taken: [], apart: shape.apart };
}
