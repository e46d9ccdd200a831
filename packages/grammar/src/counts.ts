/** How many values there are of formulas, arrays and objects: exactly where there are few, or fewer; for items that must differ. */
import { type ArrayPlans, type ArrayState, arrayStart } from './array-plans.ts';
import { decode } from './characters.ts';
import { LimitError } from './error.ts';
import { type Formula, type Formulas, TRUE } from './formulas.ts';
import { type ObjectPlan, type ObjectState, SATISFIED, type Wanted } from './object-plan.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { ArrayShape, Literal, ObjectShape, Rule } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { charsOf, type Term, type Terms } from './terms.ts';
import { createTuples } from './tuples.ts';

const MAX_NESTED = 50;
/** After so many rounds that found more of what may hold itself there are as many as may be asked for. */
const MAX_ROUNDS = 9;
/** Sets of conditions that one property may satisfy. */
const MAX_KINDS = 64;
/** Pairs of alternatives whose common values are counted. */
const MAX_SHARED = 20_000;
/** Items that are looked at on the ways through one array. */
const MAX_SEARCH = 20_000;

/** Values of a property. */
interface Cell {
  /** Which of the conditions that some property must satisfy they do, as bits. */
  readonly meets: number;
  readonly size: number;
}

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
  #plainNumbers: Term | undefined;
  /** The formulas around whose values are being counted: how many were found, and whether they were asked for within. */
  readonly open = new Map<Formula, { count: number; isMet: boolean }>();
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
        distinct(shape.arrays, this.#shapes.mergeArrays, limit, of => this.#arraysOf(of, limit)) +
        distinct(shape.objects, this.#shapes.mergeObjects, limit, of => this.#objectsOf(of, limit));
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
    return this.objects(plan, plan.start, limit);
  }

  /** How many objects one can become, at most `limit`: by which literals of its clauses hold. */
  objects(plan: ObjectPlan, state: ObjectState, limit: number): number {
    const { shape } = plan;
    const most = limit + state.apart.length;
    const clauses = shape.clauses.flatMap((clause, i) =>
      state.clauses[i] === SATISFIED ? [] : [clause.filter((_, j) => (state.clauses[i] >> j) & 1)],
    );
    const count = (asked: readonly Literal[], at: number, most: number): number => {
      this.#plans.ask();
      if (at === clauses.length) return this.#objectsWith(plan, state, asked, most);
      if (this.#objectsWith(plan, state, asked, 1) === 0) return 0;
      return distinct(
        clauses[at].map(literal => [...asked, literal]),
        (a, b) => [...new Set([...a, ...b])],
        most,
        both => count(both, at + 1, most),
      );
    };
    const some = shape.some.flatMap(({ term, of }, i): readonly Literal[] =>
      (state.done >> i) & 1 ? [] : [{ kind: 'some', names: { term }, of }],
    );
    const total = count(some, 0, most);
    if (total >= most) return limit;
    const mayBe = (of: Formula) =>
      this.#objectsOf({ ...this.#shapes.mergeObjects(shape, this.#shapes.of(of).objects[0]), apart: [] }, 1);
    return total - state.apart.filter(mayBe).length;
  }

  /** The same of those for which all of the literals hold. */
  #objectsWith(plan: ObjectPlan, state: ObjectState, asked: readonly Literal[], limit: number): number {
    const terms = this.#terms;
    const { patterns, required } = plan.shape;
    let { min, max } = plan.shape;
    const names = new Set(plan.lists.flatMap((list, i) => list.slice(state.places[i])));
    const needed = new Set([...names].filter(name => required.has(name)));
    const rules = [...patterns];
    const given: Wanted[] = [];
    const some: Rule[] = [];
    for (const literal of asked) {
      if (literal.kind === 'size') {
        min = Math.max(min, literal.min);
        max = Math.min(max, literal.max);
        continue;
      }
      const { kind, names, of } = literal;
      const list = kind === 'some' ? some : rules;
      if ('term' in names) list.push({ term: names.term, of });
      else if (kind === 'some') needed.add(names.name);
      if (list === rules || 'name' in names) given.push(literal);
    }
    const value = (name: string): Formula =>
      this.#formulas.and(
        this.#plans.valueOf(plan, name),
        ...given.filter(({ names }) => this.#plans.named(names, name)).map(({ of }) => of),
      );
    const isOut = (name: string): boolean => !names.has(name) || !this.#plans.inhabited(value(name));
    const least = state.count + needed.size;
    if (min > max || least > max || [...needed].some(isOut)) return 0;
    if (limit === 1 && some.length === 0 && least >= min) return 1;
    /** Of endless names: which of `some` each of them satisfies, as bits. */
    const endless: number[] = [];
    if (least < max) {
      if (plan.unrestricted && rules.length === patterns.length && some.length === 0) return limit;
      let kinds = [{ term: this.#plans.free(plan.others(), state), of: TRUE, meets: 0 }];
      some.forEach(({ term, of }, i) => {
        const both = kinds.map(kind => ({
          term: terms.and(kind.term, term),
          of: this.#formulas.and(kind.of, of),
          meets: kind.meets | (1 << i),
        }));
        kinds = [...kinds, ...both.filter(({ term, of }) => terms.live(term) && this.#plans.inhabited(of))];
        if (kinds.length > MAX_KINDS) throw new LimitError('too many of its conditions overlap');
      });
      for (const { term, of, meets } of kinds) {
        let left = this.#plans.where(rules, term, of);
        if (terms.count(left, limit + min) >= limit + min) {
          endless.push(meets);
          continue;
        }
        while (terms.live(left)) {
          const spelled = terms.witness(left);
          names.add(JSON.parse(decode(spelled)));
          left = terms.and(left, terms.not(terms.strings([charsOf(spelled)])));
        }
        if (meets === 0) break;
      }
    }
    const places = [...needed, ...endless, ...[...names].filter(name => !needed.has(name))];
    /** How many values the property of a place may have, by which of `some` they satisfy. */
    const cells = places.map((place): readonly Cell[] => {
      if (typeof place === 'number') return [{ meets: place, size: limit }];
      let parts = [{ of: value(place), meets: 0 }];
      some.forEach(({ term, of }, i) => {
        if (!this.#plans.matches(term, place)) return;
        parts = parts.flatMap(part => {
          const both = { of: this.#formulas.and(part.of, of), meets: part.meets | (1 << i) };
          if (both.of === part.of) return [both];
          return [
            both,
            limit === 1 ? part : { ...part, of: this.#formulas.and(part.of, this.#formulas.not(of)) },
          ];
        });
        if (parts.length > MAX_KINDS) throw new LimitError('too many of its conditions overlap');
      });
      return parts.map(({ of, meets }) => ({
        meets,
        size: limit > 1 ? this.values(of, limit) : +this.#plans.inhabited(of),
      }));
    });
    const known = new Map<string, number>();
    /** With or without each of the places from `i` on. `unmet`: of `some`, as bits. */
    const ways = (i: number, count: number, unmet: number, min: number): number => {
      if (count + Math.max(0, needed.size - i) > max) return 0;
      const isDone = i >= needed.size && unmet === 0 && count >= min;
      if (i === places.length || (isDone && limit === 1)) return +isDone;
      const key = `${i} ${count} ${unmet} ${min}`;
      let total = known.get(key) ?? -1;
      if (total >= 0) return total;
      this.#plans.ask();
      total = i < needed.size ? 0 : ways(i + 1, count, unmet, min);
      for (const { meets, size } of cells[i]) {
        // of endless names there come as many as must
        const least = typeof places[i] === 'number' ? 0 : min;
        if (size > 0 && total < limit) total += size * ways(i + 1, count + 1, unmet & ~meets, least);
      }
      total = Math.min(limit, total);
      known.set(key, total);
      return total;
    };
    return ways(0, state.count, 2 ** some.length - 1, min);
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

/** How many values the shapes have together, at most `limit`: each by those that none before it has. */
function distinct<T>(
  shapes: readonly T[],
  merge: (a: T, b: T) => T,
  limit: number,
  count: (shape: T) => number,
): number {
  let work = 0;
  const visit = (list: readonly T[]): number => {
    const before: T[] = [];
    let total = 0;
    for (const shape of list) {
      const own = count(shape);
      if (own === 0) continue;
      if (own >= limit) return limit;
      work += before.length;
      if (work > MAX_SHARED) throw new LimitError('it has too many alternatives');
      total += own - visit(before.map(other => merge(other, shape)));
      if (total >= limit) return limit;
      before.push(shape);
    }
    return total;
  };
  return visit(shapes);
}
