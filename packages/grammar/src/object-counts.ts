/** How many objects there are of a shape, and so whether one can be completed: name by name. See `counts.ts`. */
import { decode } from './characters.ts';
import type { Counts } from './counts.ts';
import { LimitError } from './error.ts';
import { type Formula, type Formulas, TRUE } from './formulas.ts';
import { type ObjectPlan, type ObjectState, SATISFIED, type Wanted } from './object-plan.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { Literal, Rule } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { charsOf, type Terms } from './terms.ts';
import { countUnion } from './tuples.ts';

const MAX_SOME = 30;
/** Sets of conditions that one property may satisfy. */
const MAX_KINDS = 64;
/** Of names beyond the plan's that are looked at one by one. */
const MAX_SPELLED = 2_000;
const MAX_WORK = 50_000;

/** What is asked of an object, when of each of its clauses one literal or more is chosen. */
interface Question {
  readonly plan: ObjectPlan;
  readonly state: ObjectState;
  /** What values of names must satisfy that the plan does not know. */
  readonly given: readonly Wanted[];
  /** The same and the shape's own, of names by terms. */
  readonly rules: readonly Rule[];
  /** Properties that there must be, of any names in a term. */
  readonly some: readonly Rule[];
  /** Properties that there must be. */
  readonly needed: ReadonlySet<string>;
  readonly min: number;
  readonly max: number;
}

/** Values of a property. */
interface Cell {
  /** Which `some` of the question they satisfy, as bits. */
  readonly meets: number;
  readonly size: number;
}

export class ObjectCounts {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #plans: Plans;
  readonly #counts: Counts;

  constructor({ terms, formulas, shapes }: SchemaReader, plans: Plans, counts: Counts) {
    this.#terms = terms;
    this.#formulas = formulas;
    this.#shapes = shapes;
    this.#plans = plans;
    this.#counts = counts;
  }

  /** How many objects one can become, at most `limit`: by which literals of its clauses hold. */
  count(plan: ObjectPlan, state: ObjectState, limit: number): number {
    const { shape } = plan;
    const most = limit + state.apart.length;
    const clauses = shape.clauses.flatMap((clause, i) =>
      state.clauses[i] === SATISFIED ? [] : [clause.filter((_, j) => (state.clauses[i] >> j) & 1)],
    );
    const visit = (asked: readonly Literal[], at: number, most: number): number => {
      this.#plans.ask();
      const question = questionOf(plan, state, asked);
      if (at === clauses.length) return this.#answer(question, most);
      if (this.#answer(question, 1) === 0) return 0;
      return countUnion(
        clauses[at].map(literal => [...asked, literal]),
        (a, b) => [...new Set([...a, ...b])],
        most,
        both => visit(both, at + 1, most),
      );
    };
    const some = shape.some.flatMap(({ term, of }, i): readonly Literal[] =>
      (state.done >> i) & 1 ? [] : [{ kind: 'some', names: { term }, of }],
    );
    const total = visit(some, 0, most);
    if (total >= most) return limit;
    const mayBe = (of: Formula): boolean => {
      const both = this.#shapes.mergeObjects(shape, this.#shapes.of(of).objects[0]);
      const plan = this.#plans.object({ ...both, apart: [] });
      return this.count(plan, plan.start, 1) > 0;
    };
    return total - state.apart.filter(mayBe).length;
  }

  #valueOf({ plan, given }: Question, name: string): Formula {
    const asked = given.filter(({ names }) => this.#plans.named(names, name));
    return this.#formulas.and(this.#plans.valueOf(plan, name), ...asked.map(({ of }) => of));
  }

  #answer(question: Question, limit: number): number {
    const { plan, state, some, needed, min, max } = question;
    const names = plan.lists.flatMap((list, i) => list.slice(state.places[i]));
    const isOut = (name: string): boolean =>
      !names.includes(name) || !this.#plans.inhabited(this.#valueOf(question, name));
    const least = state.count + needed.size;
    if (min > max || least > max || [...needed].some(isOut)) return 0;
    if (limit === 1 && some.length === 0 && least >= min) return 1;
    const others = least < max ? this.#others(question, limit) : { names: [], kinds: [], spare: 0 };
    const optional = [...names.filter(name => !needed.has(name)), ...others.names];
    // where one will do, names that meet nothing only fill the object
    const isFill = (name: string): boolean =>
      limit === 1 && !some.some(({ term }) => this.#plans.matches(term, name));
    const fill =
      others.spare +
      optional.filter(name => isFill(name) && this.#plans.inhabited(this.#valueOf(question, name))).length;
    const places = [...needed, ...others.kinds, ...optional.filter(name => !isFill(name))];
    const cells = places.map((place): readonly Cell[] =>
      typeof place === 'number' ? [{ meets: place, size: limit }] : this.#cells(question, place, limit),
    );
    const known = new Map<string, number>();
    /** With or without each of the places from `i` on. `unmet`: of `some`, as bits. */
    const ways = (i: number, count: number, unmet: number, min: number): number => {
      if (count + Math.max(0, needed.size - i) > max) return 0;
      const isDone = i >= needed.size && unmet === 0 && count + fill >= min;
      if (i === places.length || (isDone && limit === 1)) return +isDone;
      const key = `${i} ${count} ${unmet} ${min}`;
      let total = known.get(key) ?? 0;
      if (known.has(key)) return total;
      if (known.size > MAX_WORK) throw new LimitError('it has too many combinations');
      // a name of very many is one less to fill with, or brings as many others as there must be
      const left = typeof places[i] === 'string' ? min : limit === 1 ? min + 1 : 0;
      for (const { meets, size } of cells[i])
        if (size > 0 && total < limit) total += size * ways(i + 1, count + 1, unmet & ~meets, left);
      if (i >= needed.size && total < limit) total += ways(i + 1, count, unmet, min);
      total = Math.min(limit, total);
      known.set(key, total);
      return total;
    };
    return ways(0, state.count, 2 ** some.length - 1, min);
  }

  /**
   * Names beyond the plan's: `names`, where there are few, and by which `some` their values can satisfy `kinds` of more than are needed,
   * as bits. `spare`: where one object will do, how many there are of the latter, or enough.
   */
  #others({ plan, state, rules, some, min }: Question, limit: number) {
    const terms = this.#terms;
    const names = new Set<string>();
    if (plan.unrestricted && rules.length + some.length === plan.shape.patterns.length)
      return { names: [], kinds: [0], spare: Infinity };
    let groups = [{ term: this.#plans.free(plan.others(), state), of: TRUE, meets: 0 }];
    some.forEach(({ term, of }, i) => {
      const both = groups.map(group => ({
        term: terms.and(group.term, term),
        of: this.#formulas.and(group.of, of),
        meets: group.meets | (1 << i),
      }));
      groups = [...groups, ...both.filter(({ term, of }) => terms.live(term) && this.#plans.inhabited(of))];
      if (groups.length > MAX_KINDS) throw new LimitError('too many of its conditions overlap');
    });
    const needed = limit === 1 ? some.length + 1 : limit + min;
    const kinds: number[] = [];
    for (const { term, of, meets } of groups) {
      let left = this.#plans.where(rules, term, of);
      if (terms.count(left, needed) >= needed) {
        kinds.push(meets);
        continue;
      }
      while (terms.live(left)) {
        const spelled = terms.witness(left);
        names.add(JSON.parse(decode(spelled)));
        if (names.size > MAX_SPELLED) throw new LimitError('it has too many combinations');
        left = terms.and(left, terms.not(terms.strings([charsOf(spelled)])));
      }
      // all of the others are among them
      if (meets === 0) break;
    }
    const all = this.#plans.where(rules, groups[0].term, TRUE);
    const spare = limit > 1 || kinds[0] !== 0 ? 0 : terms.count(all, min + needed + names.size) - names.size;
    return { names: [...names], kinds, spare };
  }

  /** How many values the property may have, by which `some` they satisfy; where one will do these need not be told apart. */
  #cells(question: Question, name: string, limit: number): readonly Cell[] {
    let parts = [{ of: this.#valueOf(question, name), meets: 0 }];
    question.some.forEach(({ term, of }, i) => {
      if (!this.#plans.matches(term, name)) return;
      parts = parts.flatMap(part => {
        const both = { of: this.#formulas.and(part.of, of), meets: part.meets | (1 << i) };
        if (both.of === part.of) return [both];
        const others = limit === 1 ? part.of : this.#formulas.and(part.of, this.#formulas.not(of));
        return [both, { of: others, meets: part.meets }];
      });
      if (parts.length > MAX_KINDS) throw new LimitError('too many of its conditions overlap');
    });
    return parts.map(({ of, meets }) => ({
      meets,
      size: limit === 1 ? +this.#plans.inhabited(of) : this.#counts.values(of, limit),
    }));
  }
}

function questionOf(plan: ObjectPlan, state: ObjectState, asked: readonly Literal[]): Question {
  const { patterns, required } = plan.shape;
  let { min, max } = plan.shape;
  const needed = new Set<string>();
  plan.lists.forEach((list, i) => {
    for (let at = state.places[i]; at < list.length; at++) if (required.has(list[at])) needed.add(list[at]);
  });
  const given: Wanted[] = [];
  const rules = [...patterns];
  const some: Rule[] = [];
  for (const literal of asked) {
    if (literal.kind === 'size') {
      min = Math.max(min, literal.min);
      max = Math.min(max, literal.max);
      continue;
    }
    const { kind, names, of } = literal;
    if (kind === 'some' && 'term' in names) some.push({ term: names.term, of });
    else given.push(literal);
    if (kind === 'rule' && 'term' in names) rules.push({ term: names.term, of });
    if (kind === 'some' && 'name' in names) needed.add(names.name);
  }
  if (some.length > MAX_SOME) throw new LimitError('it has too many combinations');
  return { plan, state, given, rules, some, needed, min, max };
}
