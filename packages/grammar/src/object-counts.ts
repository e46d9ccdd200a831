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
  /** What values must satisfy beside what the plan knows. */
  readonly given: readonly Wanted[];
  /** Those of them that are of names by terms, and the shape's own. */
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

/** Names beyond the plan's. */
interface Others {
  /** Where there are few, they; where there are more than are needed, which `some` of the question their values can satisfy, as bits. */
  readonly places: ReadonlySet<string | number>;
  /** Where one object will do: how many there are, if more than are needed, or as many as are enough. */
  readonly spare: number;
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
    const isToCome = (name: string): boolean =>
      plan.lists.some((list, i) => list.indexOf(name) >= state.places[i]);
    // a property whose turn is over is not there
    const canHold = (literal: Literal): boolean =>
      literal.kind !== 'some' || 'term' in literal.names || isToCome(literal.names.name);
    const clauses = shape.clauses.flatMap((clause, i) =>
      state.clauses[i] === SATISFIED
        ? []
        : [clause.filter((literal, j) => (state.clauses[i] >> j) & 1 && canHold(literal))],
    );
    const required: string[] = [];
    forEachToCome(plan, state, name => {
      if (shape.required.has(name)) required.push(name);
    });
    const visit = (asked: readonly Literal[], at: number, most: number): number => {
      this.#plans.ask();
      const question = questionOf(plan, state, required, asked);
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

  /** In how many ways, at most `limit`, the properties to come can be chosen, and their values. */
  #answer(question: Question, limit: number): number {
    const { plan, state, some, needed, min, max } = question;
    const least = state.count + needed.size;
    const exists = (name: string): boolean => this.#plans.inhabited(this.#valueOf(question, name));
    if (min > max || least > max || ![...needed].every(exists)) return 0;
    if (limit === 1 && some.length === 0 && least >= min) return 1;
    const others = this.#others(question, limit);
    if (some.length === 0 && (limit > 1 ? others.places.has(0) : least + others.spare >= min)) return limit;
    const optional: string[] = [];
    /** Properties that can come beside those that are looked at: where one object will do, of names that meet nothing. */
    let fill = others.spare;
    forEachToCome(plan, state, name => {
      if (needed.has(name)) return;
      if (limit > 1 || some.some(({ term }) => this.#plans.matches(term, name))) optional.push(name);
      else if (least + fill < min && exists(name)) fill++;
    });
    const places = [...needed, ...others.places, ...optional];
    const cells: (readonly Cell[])[] = [];
    const known = new Map<string, number>();
    let isMany = false;
    /**
     * In how many ways there are properties at places from `i` on. `product`: in how many at those before. `unmet`: of `some`, as bits.
     * `needs`: at least so many properties.
     */
    const ways = (i: number, product: number, count: number, unmet: number, needs: number): number => {
      const left = places.length - i;
      if (count + Math.max(0, needed.size - i) > max) return 0;
      if (left <= optional.length && count + fill + left < needs) return 0;
      const isDone = i >= needed.size && unmet === 0 && count + fill >= needs;
      isMany ||= isDone && product >= limit;
      if (isMany || left === 0) return +isDone;
      const key = `${[i, count, unmet, needs]}`;
      let total = known.get(key);
      if (total !== undefined) return total;
      if (known.size > MAX_WORK) throw new LimitError('it has too many combinations');
      const place = places[i];
      const isKind = typeof place === 'number';
      cells[i] ??= isKind ? [{ meets: place, size: limit }] : this.#cells(question, place, limit);
      // what is spare is one less; where one object will not do, with one of a kind come as many as must
      const isSpare = others.spare > 0 && i >= needed.size && left > optional.length;
      const then = isSpare ? needs + 1 : isKind ? 0 : needs;
      total = 0;
      for (const { meets, size } of cells[i])
        if (size > 0) total += size * ways(i + 1, product * size, count + 1, unmet & ~meets, then);
      if (i >= needed.size) total += ways(i + 1, product, count, unmet, needs);
      total = Math.min(limit, total);
      known.set(key, total);
      return total;
    };
    const total = ways(0, 1, state.count, 2 ** some.length - 1, min);
    return isMany ? limit : total;
  }

  #others({ plan, state, rules, some, needed, min, max }: Question, limit: number): Others {
    const terms = this.#terms;
    const places = new Set<string | number>();
    let spare = 0;
    if (state.count + needed.size >= max) return { places, spare };
    if (plan.unrestricted && some.length === 0 && rules.length === plan.shape.patterns.length)
      return { places: places.add(0), spare: Infinity };
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
    // beside one for each condition, which may all be of one kind
    const enough = some.length + (limit === 1 ? 1 : limit + min);
    for (const { term, of, meets } of groups) {
      let left = this.#plans.where(rules, term, of);
      if (terms.count(left, enough) >= enough) {
        places.add(meets);
        if (limit === 1 && meets === 0) spare = terms.count(left, min + enough);
        continue;
      }
      while (terms.live(left)) {
        const spelled = terms.witness(left);
        places.add(JSON.parse(decode(spelled)));
        if (places.size > MAX_SPELLED) throw new LimitError('it has too many combinations');
        left = terms.and(left, terms.not(terms.strings([charsOf(spelled)])));
      }
      // all of the others are among them
      if (meets === 0) break;
    }
    return { places, spare };
  }

  /** How many values the property may have, by which `some` they satisfy; where one will do these need not be told apart. */
  #cells(question: Question, name: string, limit: number): readonly Cell[] {
    let parts = [{ of: this.#valueOf(question, name), meets: 0 }];
    question.some.forEach(({ term, of }, i) => {
      if (!this.#plans.matches(term, name)) return;
      parts = parts
        .flatMap(part => {
          const both = { of: this.#formulas.and(part.of, of), meets: part.meets | (1 << i) };
          if (both.of === part.of) return [both];
          const others = limit === 1 ? part.of : this.#formulas.and(part.of, this.#formulas.not(of));
          return [both, { of: others, meets: part.meets }];
        })
        .filter(({ of }) => this.#plans.inhabited(of));
      if (parts.length > MAX_KINDS) throw new LimitError('too many of its conditions overlap');
    });
    return parts.map(({ of, meets }) => ({ meets, size: limit === 1 ? 1 : this.#counts.values(of, limit) }));
  }
}

function questionOf(
  plan: ObjectPlan,
  state: ObjectState,
  required: readonly string[],
  asked: readonly Literal[],
): Question {
  let { min, max } = plan.shape;
  const needed = new Set(required);
  const given: Wanted[] = [];
  const rules = [...plan.shape.patterns];
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

function forEachToCome({ lists }: ObjectPlan, { places }: ObjectState, visit: (name: string) => void): void {
  lists.forEach((list, i) => {
    for (let at = places[i]; at < list.length; at++) visit(list[at]);
  });
}
