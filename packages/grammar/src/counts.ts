/** How many values there are of formulas and arrays, exactly where there are few: for items that must differ. */
import { type ArrayPlans, type ArrayState, arrayStart } from './array-plans.ts';
import { LimitError } from './error.ts';
import type { Formula, Formulas } from './formulas.ts';
import { ObjectCounts } from './object-counts.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape, ObjectShape } from './shape.ts';
import type { Shapes } from './shapes.ts';
import type { Term, Terms } from './terms.ts';
import { countUnion, createTuples } from './tuples.ts';

const MAX_NESTED = 50;
/** After so many rounds that found more of what may hold itself there are as many as may be asked for. */
const MAX_ROUNDS = 9;
/** Items that are looked at on the ways through one array. */
const MAX_SEARCH = 20_000;

/** Beginnings of arrays. */
interface Way {
  /** Of its items that satisfy each `contains`. */
  readonly counts: readonly number[];
  /** What items satisfy that must differ, and have few values. */
  readonly taken: readonly Formula[];
  /** In how many ways the others can be chosen. */
  readonly paths: number;
}

export class Counts {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #plans: Plans;
  readonly #arrays: ArrayPlans;
  readonly objects: ObjectCounts;
  #plainNumbers: Term | undefined;
  /** The formulas around whose values are being counted: how many were found, and whether they were asked for within. */
  readonly open = new Map<Formula, { count: number; isMet: boolean }>();
  readonly #known = new Map<Formula, { readonly count: number; readonly limit: number }>();

  constructor(reader: SchemaReader, plans: Plans, arrays: ArrayPlans) {
    const { terms, formulas, shapes } = reader;
    this.#terms = terms;
    this.#formulas = formulas;
    this.#shapes = shapes;
    this.#plans = plans;
    this.#arrays = arrays;
    this.objects = new ObjectCounts(reader, plans, this);
  }

  /** How many values satisfy the formula, at most `limit`. */
  values(formula: Formula, limit: number): number {
    const known = this.#known.get(formula);
    if (known && (known.count < known.limit || known.limit >= limit)) return Math.min(known.count, limit);
    const before = this.#plans.assumptions;
    const count = this.#count(formula, limit);
    if (this.#plans.assumptions === before || this.#plans.isSettling())
      this.#known.set(formula, { count, limit });
    return count;
  }

  #count(formula: Formula, limit: number): number {
    const shape = this.#shapes.of(formula);
    const words = [1, 2, 4].filter(bit => shape.words & bit).length;
    const numbers = this.#terms.count(this.#terms.and(shape.number, this.#plain()), limit);
    const scalars = words + numbers + this.#terms.count(shape.string, limit);
    if (shape.arrays.length + shape.objects.length === 0) return Math.min(limit, scalars);
    const open = this.open.get(formula);
    if (open) {
      this.#plans.assumptions++;
      open.isMet = true;
      return open.count;
    }
    if (this.open.size > MAX_NESTED) throw new LimitError('it is nested too deeply');
    // the least fixed point: those without others of them in them, those with such in them, and so on
    const own = { count: 0, isMet: false };
    this.open.set(formula, own);
    for (let round = 0, before = -1; before < own.count && own.count < limit; round++) {
      before = own.count;
      own.isMet = false;
      const total =
        scalars +
        countUnion(shape.arrays, this.#shapes.mergeArrays, limit, of => this.#arraysOf(of, limit)) +
        countUnion(shape.objects, this.#shapes.mergeObjects, limit, of => this.#objectsOf(of, limit));
      own.count = Math.min(limit, round < MAX_ROUNDS ? total : limit);
      if (!own.isMet) break;
    }
    this.open.delete(formula);
    return own.count;
  }

  #arraysOf(shape: ArrayShape, limit: number): number {
    return this.arrays(shape, arrayStart(shape), limit);
  }

  /**
   * How many arrays one can become, at most `limit`. `used`: what items satisfy that count as written, but whose values are not taken
   * yet. Adds to `few` what items satisfy that are to come where there are too few values for whatever else may be written.
   */
  arrays(
    shape: ArrayShape,
    state: ArrayState,
    limit: number,
    used: readonly Formula[] = [],
    few = new Set<Formula>(),
  ): number {
    const { unique, min, max, contains } = shape;
    const most = limit + state.apart.length;
    const stretches = this.#arrays.stretches(shape, state);
    // to where all places are alike, and for every `contains`
    const asked = contains.reduce(
      (sum, { min }, i) => sum + Math.max(0, min - state.counts[i]),
      Math.max(min, stretches.at(-1)!.from) - state.index + used.length,
    );
    /** So many values are enough for an item, whatever others take of them. */
    const many = Math.max(1, asked + 2 * (most - 1));
    const differs = unique || most > 1;
    const tuples = createTuples({
      size: of => this.values(of, many),
      meet: (a, b) => this.#formulas.and(a, b),
    });
    /** Whether whatever completes the array behind `way` does so behind `other` as well. */
    const surpasses = (other: Way, way: Way): boolean =>
      other !== way &&
      `${other.taken}` === `${way.taken}` &&
      contains.every(
        ({ max }, i) =>
          other.counts[i] === way.counts[i] || (max === Infinity && other.counts[i] > way.counts[i]),
      );
    const start = unique ? used.filter(of => this.values(of, many) < many) : [];
    let total = 0;
    let work = 0;
    let ways = new Map<string, Way>([['', { counts: state.counts, taken: start, paths: 1 }]]);
    for (const { from, to, of } of stretches) {
      for (let at = from; at < Math.min(to, max + 1); at++) {
        const before = total;
        for (const { counts, taken, paths } of at < min ? [] : ways.values())
          if (this.#arrays.satisfied(shape, counts)) total += paths * tuples(taken, most);
        if (total >= most) return limit;
        const next = new Map<string, Way>();
        for (const way of ways.values()) {
          for (const { counts, value } of this.#arrays.ways(shape, way.counts, at, of, differs)) {
            if (++work > MAX_SEARCH) throw new LimitError('too many of its conditions overlap');
            if (!this.#plans.inhabited(value)) continue;
            let size = differs ? this.values(value, many) : 1;
            let { taken } = way;
            if (unique && size < many) {
              few.add(value);
              taken = [...taken, value].sort((a, b) => a - b);
              size = tuples(taken, 1);
            }
            const key = `${counts} ${taken}`;
            const paths = Math.min(most, (next.get(key)?.paths ?? 0) + way.paths * size);
            if (paths > 0) next.set(key, { counts, taken, paths });
          }
        }
        // where one will do, those are left out that fall short of another
        for (const [key, way] of most > 1 ? [] : next)
          if ([...next.values()].some(other => surpasses(other, way))) next.delete(key);
        const isSame =
          next.size === ways.size && [...next].every(([key, { paths }]) => ways.get(key)?.paths === paths);
        ways = next;
        if (!isSame || total > before) continue;
        // the same again, up to where something changes
        if (at >= min) break;
        at = Math.min(to, min) - 1;
      }
    }
    const mayBe = (of: Formula) =>
      this.#arraysOf({ ...this.#shapes.mergeArrays(shape, this.#shapes.of(of).arrays[0]), apart: [] }, 1);
    return total - state.apart.filter(mayBe).length;
  }

  #objectsOf(shape: ObjectShape, limit: number): number {
    const plan = this.#plans.object(shape);
    return this.objects.count(plan, plan.start, limit);
  }

  /** Spellings of numbers of which every number has one. */
  #plain(): Term {
    const terms = this.#terms;
    if (this.#plainNumbers !== undefined) return this.#plainNumbers;
    const digits = terms.repeat(terms.bytes(0x30, 0x39), 0, Infinity);
    const first = terms.bytes(0x31, 0x39);
    const zero = terms.text('0');
    const fraction = terms.concat(terms.text('.'), digits, first);
    const size = terms.alt(terms.concat(first, digits, terms.optional(fraction)), terms.cat(zero, fraction));
    this.#plainNumbers = terms.alt(zero, terms.cat(terms.optional(terms.text('-')), size));
    return this.#plainNumbers;
  }
}
