/** Which arrays can still be completed, and what their items must satisfy; see `plans.ts`. */
import { LimitError } from './error.ts';
import type { Formula, Formulas } from './formulas.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape } from './shape.ts';
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

const MAX_CHOICES = 5;

export class ArrayPlans {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #inhabited: (formula: Formula) => boolean;
  #plainNumbers: Term | undefined;

  constructor({ terms, formulas, shapes }: SchemaReader, inhabited: (formula: Formula) => boolean) {
    this.#terms = terms;
    this.#formulas = formulas;
    this.#shapes = shapes;
    this.#inhabited = inhabited;
  }

  #itemAt(shape: ArrayShape, state: ArrayState, index: number): Formula {
    return this.#formulas.and(
      this.#shapes.itemAt(shape, index),
      ...state.taken.map(value => this.#formulas.not(value)),
    );
  }

  /** Whether the array can be completed. */
  feasible(shape: ArrayShape, state: ArrayState): boolean {
    // Of what there may be no more of, every item still to come is another.
    const spent = shape.contains.filter(({ max }, i) => state.counts[i] >= max);
    // Stretches of places with one formula each, from here to the end.
    const cuts = new Set([state.index]);
    for (const { from } of spent) if (from > state.index) cuts.add(from);
    for (const { from, to } of shape.items) {
      if (from > state.index) cuts.add(from);
      if (to + 1 > state.index && to < Infinity) cuts.add(to + 1);
    }
    const starts = [...cuts].sort((a, b) => a - b);
    const stretches = starts.map((from, i) => ({
      from,
      to: starts[i + 1] ?? Infinity,
      of: this.#formulas.and(
        this.#itemAt(shape, state, from),
        ...spent.filter(rule => rule.from <= from).map(({ of }) => this.#formulas.not(of)),
      ),
    }));
    const blocked = stretches.find(
      ({ from, of }) => from < Math.max(shape.min, state.index + 1) && !this.#inhabited(of),
    );
    if (blocked && blocked.from < shape.min) return false;
    const length = (from: number, to: number): number => Math.max(0, to - from);
    const end = (): number => stretches.find(({ of }) => !this.#inhabited(of))?.from ?? Infinity;
    if (state.index > shape.max || shape.min > shape.max) return false;
    if (shape.unique && state.index < shape.min) {
      for (const { from, to, of } of stretches) {
        const places = length(from, Math.min(to, shape.min));
        if (places > 1 && places < 1000 && this.#capacity(of, places) < places) return false;
      }
    }
    const limit = shape.contains.length > 0 ? Math.min(shape.max, end()) : Infinity;
    let wanted = 0;
    const both: Formula[] = [];
    for (const [i, { from, of, min, max }] of shape.contains.entries()) {
      const count = state.counts[i];
      if (count > max || min > max) return false;
      const needs = Math.max(0, min - count);
      const fits = (formula: Formula, until: number): number =>
        stretches.reduce((sum, { from: start, to, of: item }) => {
          const places = length(Math.max(start, from), Math.min(to, until));
          return sum + (places > 0 && this.#inhabited(this.#formulas.and(item, formula)) ? places : 0);
        }, 0);
      if (needs > 0) {
        wanted += needs;
        both.push(of);
        if (fits(of, limit) < needs) return false;
        // some of them must be none of those of which there may be fewer
        for (const [j, other] of shape.contains.entries()) {
          const room = other.max - state.counts[j];
          if (needs <= room) continue;
          const apart = fits(this.#formulas.and(of, this.#formulas.not(other.of)), limit);
          if (room + apart + fits(of, Math.min(limit, other.from)) < needs) return false;
        }
        if (shape.unique && needs > 1 && this.#capacity(this.#itemAtEnd(shape, state, of), needs) < needs)
          return false;
      }
      if (max < Infinity) {
        const ahead = length(Math.max(state.index, from), shape.min);
        if (ahead - fits(this.#formulas.not(of), shape.min) + count > max) return false;
      }
    }
    if (both.length > 1 && wanted > limit - state.index) {
      const together = this.#formulas.and(...both);
      if (
        !stretches.some(({ from, of }) => from < limit && this.#inhabited(this.#formulas.and(of, together)))
      )
        return false;
    }
    return true;
  }

  #itemAtEnd(shape: ArrayShape, state: ArrayState, of: Formula): Formula {
    return this.#formulas.and(this.#itemAt(shape, state, Number.MAX_SAFE_INTEGER), of);
  }

  /** How many values satisfy the formula, at most `limit`. */
  #capacity(formula: Formula, limit: number): number {
    const shape = this.#shapes.of(formula);
    if (shape.arrays.length > 0 || shape.objects.length > 0) return limit;
    const words = [1, 2, 4].filter(bit => shape.words & bit).length;
    const numbers = this.#terms.count(this.#terms.and(shape.number, this.#plain()), limit);
    const strings = this.#terms.count(shape.string, limit);
    return Math.min(limit, words + numbers + strings);
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

  /** States with one more item, each with what that item must satisfy. */
  afterItem(shape: ArrayShape, state: ArrayState): readonly { state: ArrayState; value: Formula }[] {
    const item = this.#itemAt(shape, state, state.index);
    if (state.index >= shape.max || !this.#inhabited(item)) return [];
    let options: { counts: number[]; value: Formula }[] = [{ counts: [...state.counts], value: item }];
    shape.contains.forEach((rule, i) => {
      if (state.index < rule.from || (rule.max === Infinity && state.counts[i] >= rule.min)) return;
      options = options.flatMap(({ counts, value }) => [
        { counts: counts.with(i, counts[i] + 1), value: this.#formulas.and(value, rule.of) },
        {
          counts,
          value: rule.max < Infinity ? this.#formulas.and(value, this.#formulas.not(rule.of)) : value,
        },
      ]);
      if (options.length > 2 ** MAX_CHOICES) throw new LimitError('too many of its conditions overlap');
    });
    const last = shape.items.reduce(
      (most, { from, to }) => Math.max(most, from, to < Infinity ? to + 1 : 0),
      0,
    );
    const start = shape.contains.reduce((most, { from }) => Math.max(most, from), Math.max(last, shape.min));
    const index = Math.min(state.index + 1, shape.max < Infinity ? Infinity : start);
    return options
      .map(({ counts, value }) => ({ state: { index, counts, taken: state.taken }, value }))
      .filter(option => this.#inhabited(option.value) && this.feasible(shape, option.state));
  }

  /** Whether the array may end here. */
  complete(shape: ArrayShape, state: ArrayState): boolean {
    if (state.index < shape.min || state.index > shape.max) return false;
    return shape.contains.every(({ min, max }, i) => state.counts[i] >= min && state.counts[i] <= max);
  }
}

export function arrayStart(shape: ArrayShape): ArrayState {
  return { index: 0, counts: shape.contains.map(() => 0), taken: [] };
}
