/** How many values there are of formulas, arrays and objects: exactly where there are few, or fewer; for items that must differ. */
import { type ArrayPlans, type ArrayState, arrayStart } from './array-plans.ts';
import { LimitError } from './error.ts';
import { FALSE, type Formula, type Formulas, TRUE } from './formulas.ts';
import type { Asked, ObjectPlan, ObjectState } from './object-plan.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape, ObjectShape } from './shape.ts';
import type { Shapes } from './shapes.ts';
import type { Term, Terms } from './terms.ts';

const MAX_NESTED = 50;
/** Shapes of which each two are looked at. */
const MAX_SHARED = 20;

export class Counts {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #plans: Plans;
  readonly #arrays: ArrayPlans;
  #plainNumbers: Term | undefined;
  /** The formulas around whose values are being counted, and whether they were met within. */
  readonly open = new Map<Formula, boolean>();
  readonly #known = new Map<Formula, { readonly count: number; readonly limit: number }>();

  constructor({ terms, formulas, shapes }: SchemaReader, plans: Plans, arrays: ArrayPlans) {
    this.#terms = terms;
    this.#formulas = formulas;
    this.#shapes = shapes;
    this.#plans = plans;
    this.#arrays = arrays;
  }

  /** How many values satisfy the formula, at most `limit`. */
  values(formula: Formula, limit: number): number {
    const known = this.#known.get(formula);
    if (known && (known.count < known.limit || known.limit >= limit)) return Math.min(known.count, limit);
    const before = this.#plans.assumptions;
    const count = this.#count(formula, limit);
    if (this.#plans.assumptions === before) this.#known.set(formula, { count, limit });
    return count;
  }

  #count(formula: Formula, limit: number): number {
    const shape = this.#shapes.of(formula);
    let total = 0;
    if (shape.arrays.length + shape.objects.length > 0) {
      if (this.open.size > MAX_NESTED) throw new LimitError('it is nested too deeply');
      const isOpen = this.open.has(formula);
      this.open.set(formula, isOpen);
      if (isOpen) this.#plans.assumptions++;
      else {
        this.open.set(formula, false);
        total =
          distinct(shape.arrays, this.#shapes.mergeArrays, limit, of => this.#arraysOf(of, limit)) +
          distinct(shape.objects, this.#shapes.mergeObjects, limit, of => this.#objectsOf(of, limit));
        const isMet = this.open.get(formula);
        this.open.delete(formula);
        // what needs itself does not exist, and what may hold itself does without an end
        if (isMet && total > 0) return limit;
      }
    }
    const words = [1, 2, 4].filter(bit => shape.words & bit).length;
    const numbers = this.#terms.count(this.#terms.and(shape.number, this.#plain()), limit);
    const strings = this.#terms.count(shape.string, limit);
    return Math.min(limit, total + words + numbers + strings);
  }

  #arraysOf(shape: ArrayShape, limit: number): number {
    const start = arrayStart(shape);
    return this.#arrays.feasible(shape, start) ? this.arrays(shape, start, limit) : 0;
  }

  /** How many arrays one can become, at most `limit`. `used`: what items satisfy that are written, but whose values are not taken yet. */
  arrays(shape: ArrayShape, state: ArrayState, limit: number, used: readonly Formula[] = []): number {
    const { index, apart } = state;
    const most = limit + apart.length;
    if (shape.min - index > most) return limit;
    const longest = shape.contains.reduce((sum, { min }) => sum + min, index + shape.min + most);
    /** Of which later items may not take the values. */
    const before = shape.unique ? [...used] : [];
    let total = 0;
    /** How many beginnings there are, by what is counted in them. */
    let ways = [{ counts: state.counts, count: 1 }];
    for (let length = index; length <= shape.max && ways.length > 0; length++) {
      for (const { counts, count } of length >= shape.min ? ways : [])
        if (this.#arrays.satisfied(shape, counts)) total += count;
      if (total >= most || length > longest) return limit;
      const item = this.#arrays.itemAt(shape, state, length);
      const next = new Map<string, { counts: readonly number[]; count: number }>();
      for (const way of ways) {
        for (const { counts, value } of this.#arrays.ways(shape, way.counts, length, item, true)) {
          const shared = before.filter(of => this.#plans.inhabited(this.#formulas.and(of, value))).length;
          const count = way.count * Math.max(0, this.values(value, most + shared) - shared);
          const known = next.get(counts.join())?.count ?? 0;
          if (count > 0) next.set(counts.join(), { counts, count: Math.min(most, known + count) });
        }
      }
      ways = [...next.values()];
      if (shape.unique) before.push(item);
    }
    const free = { ...shape, apart: [] };
    const mayBe = (of: Formula) =>
      this.#arraysOf(this.#shapes.mergeArrays(free, this.#shapes.of(of).arrays[0]), 1);
    return total - apart.filter(mayBe).length;
  }

  #objectsOf(shape: ObjectShape, limit: number): number {
    const plan = this.#plans.object(shape);
    return this.#plans.objectFeasible(plan, plan.start) ? this.objects(plan, plan.start, limit) : 0;
  }

  /** How many objects one can become, at most `limit`. */
  objects(plan: ObjectPlan, state: ObjectState, limit: number): number {
    const { shape, lists, capacity } = plan;
    const { apart } = state;
    const most = limit + apart.length;
    const names = lists.flatMap((list, i) => list.slice(state.places[i]));
    const needed = names.filter(name => shape.required.has(name)).length;
    const others = shape.max > state.count + needed ? capacity - state.extras.length : 0;
    if (others >= most) return limit;
    const begun = { ...state, apart: [] };
    const isAsked = shape.some.length + shape.clauses.length > 0;
    /** With or without each of the names from `i` on, of which some are needed. */
    const ways = (i: number, product: number, count: number, needed: number, asked: Asked): number => {
      if (product === 0 || count + needed > shape.max || count + names.length - i < shape.min) return 0;
      if (isAsked && !this.#plans.objectFeasible(plan, begun, asked)) return 0;
      if (i === names.length || product >= most) return Math.min(product, most);
      const { wanted, rules } = asked;
      const name = { name: names[i] };
      const isNeeded = shape.required.has(names[i]);
      const values = product * this.values(plan.values.get(names[i])!, most);
      const having = ways(i + 1, values, count + 1, isNeeded ? needed - 1 : needed, {
        wanted: [...wanted, { names: name, of: TRUE }],
        rules,
      });
      if (having >= most || isNeeded) return having;
      const rest = { wanted, rules: [...rules, { names: name, of: FALSE }] };
      return Math.min(most, having + ways(i + 1, product, count, needed, rest));
    };
    const total = others + ways(0, 1, state.count, needed, { wanted: [], rules: [] });
    if (total >= most) return limit;
    const free = { ...shape, apart: [] };
    const mayBe = (of: Formula) =>
      this.#objectsOf(this.#shapes.mergeObjects(free, this.#shapes.of(of).objects[0]), 1);
    return total - apart.filter(mayBe).length;
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
}

/** How many values the shapes have together, or fewer; those that two have in common count once. */
function distinct<T>(
  shapes: readonly T[],
  merge: (a: T, b: T) => T,
  limit: number,
  count: (shape: T) => number,
): number {
  let total = 0;
  for (const shape of shapes) {
    const own = count(shape);
    if (own >= limit) return limit;
    total += own;
  }
  for (let i = 0; i < shapes.length && shapes.length <= MAX_SHARED; i++)
    for (let j = 0; j < i; j++) total -= count(merge(shapes[i], shapes[j]));
  return Math.max(0, total);
}
