/** Which arrays can still be completed, and what their items must satisfy; see `plans.ts`. */
import { LimitError } from './error.ts';
import type { Formula, Formulas } from './formulas.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape, ObjectShape } from './shape.ts';
import type { Shapes } from './shapes.ts';
import type { Term, Terms } from './terms.ts';

export interface ArrayState {
  /** Items so far, no further than the shape can tell apart. */
  readonly index: number;
  /** Items so far that satisfy each `contains`. */
  readonly counts: readonly number[];
  /** Formulas of the items so far, where they must differ. */
  readonly taken: readonly Formula[];
}

/** Places with one formula. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly of: Formula;
}

const MAX_CHOICES = 5;
const MAX_SEARCH = 20_000;
const MAX_NESTED = 3;

export class ArrayPlans {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #plans: Plans;
  #plainNumbers: Term | undefined;
  /** How many arrays and objects around are being counted. */
  #nested = 0;

  constructor({ terms, formulas, shapes }: SchemaReader, plans: Plans) {
    this.#terms = terms;
    this.#formulas = formulas;
    this.#shapes = shapes;
    this.#plans = plans;
  }

  #itemAt(shape: ArrayShape, state: ArrayState, index: number): Formula {
    return this.#formulas.and(
      this.#shapes.itemAt(shape, index),
      ...state.taken.map(value => this.#formulas.not(value)),
    );
  }

  /** Whether the array can be completed. `used`: what items satisfy that count as written, but whose values are not taken yet. */
  feasible(shape: ArrayShape, state: ArrayState, used: readonly Formula[] = []): boolean {
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
      of: this.#itemAt(shape, state, from),
    }));
    const forced = stretches.filter(({ from }) => from < shape.min);
    if (forced.some(({ of }) => !this.#plans.inhabited(of))) return false;
    if (open.length > 1 || (shape.unique && (open.length > 0 || forced.length > 1)))
      return this.#reaches(shape, state, stretches, used);
    const places = ({ from, to }: Stretch, first: number, end: number): number =>
      Math.max(0, Math.min(to, end) - Math.max(from, first));
    if (shape.unique && forced.length > 0) {
      const needs = shape.min - state.index;
      return this.#capacity(forced[0].of, needs) >= needs;
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
        const count = shape.unique ? this.#capacity(of, asked) : asked;
        known = count < asked ? count : Infinity;
        capacities.set(of, known);
      }
      return known;
    };
    let ways = new Map([['', { counts, used: used.filter(of => capacity(of) < Infinity) }]]);
    const isDone = (): boolean => [...ways.values()].some(way => this.#satisfied(shape, way.counts));
    let work = 0;
    for (const [i, stretch] of stretches.entries()) {
      for (let at = stretch.from; at < Math.min(stretch.to, shape.max); at++) {
        if (at >= shape.min && isDone()) return true;
        const next: typeof ways = new Map();
        for (const way of ways.values()) {
          for (const { counts, value } of this.#counted(shape, way.counts, at, stretch.of)) {
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

  /** How many values satisfy the formula, at most `limit`. Arrays and objects may be fewer, and count as many where nested deeply. */
  #capacity(formula: Formula, limit: number): number {
    const shape = this.#shapes.of(formula);
    let total = 0;
    if (shape.arrays.length + shape.objects.length > 0) {
      if (this.#nested > MAX_NESTED) return limit;
      this.#nested++;
      for (const array of shape.arrays) if (total < limit) total += this.#arraysOf(array, limit);
      for (const object of shape.objects) if (total < limit) total += this.#objectsOf(object, limit);
      this.#nested--;
    }
    if (total >= limit) return limit;
    const words = [1, 2, 4].filter(bit => shape.words & bit).length;
    const numbers = this.#terms.count(this.#terms.and(shape.number, this.#plain()), limit);
    const strings = this.#terms.count(shape.string, limit);
    return Math.min(limit, total + words + numbers + strings);
  }

  #arraysOf(shape: ArrayShape, limit: number): number {
    if (!this.feasible(shape, arrayStart(shape))) return 0;
    if (shape.min > limit) return limit;
    let total = 0;
    for (let length = 0, product = 1; product > 0 && length <= shape.max; length++) {
      if (length >= shape.min) total += product;
      if (product >= limit || total >= limit) return limit;
      product *= this.#capacity(this.#shapes.itemAt(shape, length), limit);
    }
    return total;
  }

  #objectsOf(shape: ObjectShape, limit: number): number {
    const plan = this.#plans.object(shape);
    if (!this.#plans.objectFeasible(plan, plan.start)) return 0;
    const room = shape.max - shape.required.size;
    if (room > 0 && plan.capacity > 0) return limit;
    /** By the number of properties that need not be there. */
    let ways = [1];
    for (const [name, of] of plan.values) {
      const count = this.#capacity(of, limit);
      ways = shape.required.has(name)
        ? ways.map(n => Math.min(limit, n * count))
        : [...ways, 0].slice(0, room + 1).map((n, k) => Math.min(limit, n + (ways[k - 1] ?? 0) * count));
    }
    return ways.slice(Math.max(0, shape.min - shape.required.size)).reduce((sum, n) => sum + n, 0);
  }

  /** Spellings of numbers of which every number has one. */
  #plain(): Term {
    const terms = this.#terms;
    if (this.#plainNumbers !== undefined) return this.#plainNumbers;
    const digit = terms.bytes(0x30, 0x39);
    const whole = terms.alt(
      terms.text('0'),
      terms.cat(terms.bytes(0x31, 0x39), terms.repeat(digit, 0, Infinity)),
    );
    const fraction = terms.concat(terms.text('.'), terms.repeat(digit, 0, Infinity), terms.bytes(0x31, 0x39));
    const size = terms.cat(whole, terms.optional(fraction));
    const negative = terms.and(terms.cat(terms.text('-'), size), terms.not(terms.text('-0')));
    this.#plainNumbers = terms.alt(size, negative);
    return this.#plainNumbers;
  }

  /** The ways to count one more item, each with what the item must satisfy. Where items must differ, they have no item in common. */
  #counted(shape: ArrayShape, before: readonly number[], index: number, item: Formula) {
    let ways: { counts: readonly number[]; value: Formula }[] = [{ counts: before, value: item }];
    shape.contains.forEach(({ from, of, min, max }, i) => {
      const isBound = max < Infinity || shape.unique;
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
    const item = this.#itemAt(shape, state, state.index);
    if (state.index >= shape.max || !this.#plans.inhabited(item)) return [];
    const last = shape.items.reduce(
      (most, { from, to }) => Math.max(most, from, to < Infinity ? to + 1 : 0),
      0,
    );
    const start = shape.contains.reduce((most, { from }) => Math.max(most, from), Math.max(last, shape.min));
    const index = Math.min(state.index + 1, shape.max < Infinity ? Infinity : start);
    return this.#counted(shape, state.counts, state.index, item)
      .map(({ counts, value }) => ({ state: { index, counts, taken: state.taken }, value }))
      .filter(({ state, value }) => this.#plans.inhabited(value) && this.feasible(shape, state, [value]));
  }

  /** Whether the array may end here. */
  complete(shape: ArrayShape, state: ArrayState): boolean {
    return state.index >= shape.min && state.index <= shape.max && this.#satisfied(shape, state.counts);
  }

  #satisfied(shape: ArrayShape, counts: readonly number[]): boolean {
    return shape.contains.every(({ min, max }, i) => counts[i] >= min && counts[i] <= max);
  }
}

export function arrayStart(shape: ArrayShape): ArrayState {
  return { index: 0, counts: shape.contains.map(() => 0), taken: [] };
}
