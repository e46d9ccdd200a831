/**
 * Which objects can still be completed, and with `array-plans.ts` which arrays. A key, a comma or a closing bracket is offered only
 * where the answer is yes, so that no text ends in a dead end. Questions are answered for states: what has been written of the object
 * or array so far.
 */
import { ArrayPlans, arrayStart } from './array-plans.ts';
import { spell } from './characters.ts';
import { LimitError } from './error.ts';
import { FALSE, type Formula, type Formulas, type Names, TRUE } from './formulas.ts';
import {
  type Asked,
  isClosable,
  isPlain,
  ObjectPlan,
  type ObjectState,
  SATISFIED,
  type Wanted,
} from './object-plan.ts';
import type { SchemaReader } from './schema.ts';
import { type ObjectShape, ObjectShapes, type Rule } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { NEVER, type Term, type Terms } from './terms.ts';
import { createTuples } from './tuples.ts';

const MAX_QUESTIONS = 100_000;
const MAX_OVERLAPPING = 8;
/** What is asked of an object beside its plan. */
interface Conditions extends Asked {
  readonly min: number;
  readonly max: number;
}
const NOTHING: Asked = { wanted: [], rules: [] };

export class Plans {
  readonly arrays: ArrayPlans;
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #reader: SchemaReader;
  readonly #settled = new Map<Formula, boolean>([[TRUE, true]]);
  readonly #open = new Set<Formula>();
  /** How often a question was met while it was open: what was found meanwhile may rest on it. */
  assumptions = 0;
  #questions = 0;
  readonly #objects = new ObjectShapes();
  /** By shape, and by the first of those that equal it. */
  readonly #plans = new Map<ObjectShape, ObjectPlan>();
  /** Objects that are known to be completed from wherever they have come. */
  readonly always = new Set<ObjectPlan>();
  /** Of which terms names are texts. */
  readonly #matching = new Map<string, { readonly bytes: Uint8Array; readonly terms: Map<Term, boolean> }>();

  readonly #anyOrder: boolean;
  readonly #closed: boolean;

  constructor(reader: SchemaReader, { anyOrder, closed }: { anyOrder: boolean; closed: boolean }) {
    this.#anyOrder = anyOrder;
    this.#closed = closed;
    this.#reader = reader;
    this.#terms = reader.terms;
    this.#formulas = reader.formulas;
    this.#shapes = reader.shapes;
    this.arrays = new ArrayPlans(reader, this);
  }

  /** The limits on work hold for the compilation, and then for every step of a text. */
  renew(): void {
    this.#questions = 0;
    this.#shapes.renew();
  }

  /** Whether no question is open. */
  isSettling(): boolean {
    return this.#open.size + this.arrays.counts.open.size === 0;
  }

  /** Whether any value satisfies the formula: the least fixed point, so that what needs itself does not exist. */
  inhabited(formula: Formula): boolean {
    const known = this.#settled.get(formula);
    if (known !== undefined) return known;
    if (this.#open.has(formula)) {
      this.assumptions++;
      return false;
    }
    if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
    if (this.#open.size > 300) throw new LimitError('it is nested too deeply');
    const before = this.assumptions;
    this.#open.add(formula);
    const shape = this.#shapes.of(formula);
    const yes =
      shape.words !== 0 ||
      (shape.number !== NEVER && this.#terms.live(shape.number)) ||
      (shape.string !== NEVER && this.#terms.live(shape.string)) ||
      shape.arrays.some(array => this.arrays.feasible(array, arrayStart(array))) ||
      shape.objects.some(object => {
        const plan = this.object(object);
        return this.objectFeasible(plan, plan.start);
      });
    this.#open.delete(formula);
    // A "no" that rests on an open question above it is not settled yet.
    if (yes || this.assumptions === before || this.isSettling()) this.#settled.set(formula, yes);
    return yes;
  }

  // Objects

  object(shape: ObjectShape): ObjectPlan {
    const known = this.#plans.get(shape);
    if (known) return known;
    const first = this.#objects.first(shape);
    const before = this.assumptions;
    const plan = this.#plans.get(first) ?? this.#plan(shape);
    // A plan that rests on an open question is made again.
    if (this.assumptions === before || this.isSettling()) {
      this.#plans.set(first, plan);
      this.#plans.set(shape, plan);
    }
    return plan;
  }

  #plan(shape: ObjectShape): ObjectPlan {
    if (shape.some.length > 30) throw new LimitError('it has too many combinations');
    const listed = new Set<string>();
    const lists: string[][] = [];
    for (const order of shape.order) {
      const fresh = order.filter(name => !listed.has(name));
      for (const name of fresh) listed.add(name);
      if (this.#anyOrder) for (const name of fresh) lists.push([name]);
      else if (fresh.length > 0) lists.push(fresh);
    }
    for (const name of [...shape.required, ...shape.named.keys()]) {
      if (listed.has(name)) continue;
      listed.add(name);
      lists.push([name]);
    }
    for (const literal of shape.clauses.flat()) {
      if (literal.kind === 'size' || 'term' in literal.names || listed.has(literal.names.name)) continue;
      listed.add(literal.names.name);
      lists.push([literal.names.name]);
    }
    const spokenOf = shape.patterns.filter(rule => rule.of !== FALSE).map(rule => rule.term);
    const isClosed = this.#closed && isClosable(shape);
    const isOut = (name: string): boolean => isClosed && !spokenOf.some(term => this.matches(term, name));
    let longest = -1;
    for (const of of shape.apart) {
      const { required } = this.#shapes.of(of).objects[0];
      longest = Math.max(longest, required.size);
      for (const name of required) {
        if (listed.has(name) || isOut(name)) continue;
        listed.add(name);
        lists.push([name]);
      }
    }
    const values = new Map<string, Formula>();
    for (const name of listed) {
      const rules = shape.patterns.filter(rule => this.matches(rule.term, name)).map(rule => rule.of);
      values.set(name, this.#formulas.and(shape.named.get(name) ?? TRUE, ...rules));
    }
    const { characters } = this.#reader;
    const possible = isClosed ? this.#terms.alt(...spokenOf) : characters.string;
    const finite = shape.min + shape.some.length + shape.clauses.length + shape.apart.length > 0;
    const forbidden = this.#forbidden(shape.patterns, TRUE);
    const unrestricted = possible === characters.string && forbidden.length === 0;
    let others: Term | undefined;
    const term = (): Term => {
      others ??= this.#terms.and(possible, this.#terms.not(characters.literals(listed)), ...forbidden);
      return others;
    };
    const live = unrestricted || this.#terms.live(term());
    const capacity = !live ? 0 : finite && !unrestricted ? this.#terms.count(term(), 1000) : 1000;
    return new ObjectPlan(
      shape,
      lists,
      values,
      {
        term: () => (live ? term() : NEVER),
        unrestricted,
        capacity: capacity >= 1000 ? Infinity : capacity,
      },
      longest,
    );
  }

  /** The names in `term` whose value can satisfy `of` beside the patterns that the name matches. */
  where(patterns: readonly Rule[], term: Term, of: Formula): Term {
    return this.#terms.and(term, ...this.#forbidden(patterns, of));
  }

  /** What keeps names out whose value cannot. */
  #forbidden(patterns: readonly Rule[], of: Formula): readonly Term[] {
    const result: Term[] = [];
    const rules: Rule[] = [];
    for (const rule of patterns) {
      if (this.inhabited(this.#formulas.and(of, rule.of))) rules.push(rule);
      else result.push(this.#terms.not(rule.term));
    }
    if (rules.length < 2 || this.inhabited(this.#formulas.and(of, ...rules.map(rule => rule.of))))
      return result;
    if (rules.length > MAX_OVERLAPPING) throw new LimitError('too many of its conditions overlap');
    for (let set = 3; set < 1 << rules.length; set++) {
      const chosen = rules.filter((_, i) => (set >> i) & 1);
      if (chosen.length < 2 || this.inhabited(this.#formulas.and(of, ...chosen.map(rule => rule.of))))
        continue;
      result.push(this.#terms.not(this.#terms.and(...chosen.map(rule => rule.term))));
    }
    return result;
  }

  /** Whether a name, as a JSON string, is a text of the term. */
  matches(term: Term, name: string): boolean {
    let known = this.#matching.get(name);
    if (!known) {
      known = { bytes: spell(name), terms: new Map() };
      this.#matching.set(name, known);
    }
    let yes = known.terms.get(term);
    if (yes === undefined) {
      yes = this.#terms.matches(term, known.bytes);
      known.terms.set(term, yes);
    }
    return yes;
  }

  /**
   * Whether the object can be completed: one literal of every open clause is chosen, and what follows from all is asked. `asked`: what
   * is asked beside.
   */
  objectFeasible(plan: ObjectPlan, state: ObjectState, asked: Asked = NOTHING): boolean {
    const { min, max, some, clauses } = plan.shape;
    if (this.always.has(plan)) return true;
    const wanted: Wanted[] = some.flatMap(({ term, of }, i) =>
      (state.done >> i) & 1 ? [] : [{ names: { term }, of }],
    );
    wanted.push(...asked.wanted);
    const required = stillRequired(plan, state);
    for (const name of required) if (!this.inhabited(plan.values.get(name)!)) return false;
    const choose = (from: number, more: Conditions): boolean => {
      if (!this.#satisfiable(plan, state, required, more)) return false;
      const i = clauses.findIndex((_, at) => at >= from && state.clauses[at] !== SATISFIED);
      if (i < 0) return true;
      return clauses[i].some((literal, j) => {
        if (!((state.clauses[i] >> j) & 1)) return false;
        if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
        if (literal.kind === 'some') return choose(i + 1, { ...more, wanted: [...more.wanted, literal] });
        if (literal.kind === 'rule') return choose(i + 1, { ...more, rules: [...more.rules, literal] });
        return choose(i + 1, {
          ...more,
          min: Math.max(more.min, literal.min),
          max: Math.min(more.max, literal.max),
        });
      });
    };
    const yes =
      choose(0, { min, max, wanted, rules: asked.rules }) &&
      (state.apart.length === 0 || this.arrays.counts.objects(plan, state, 1) > 0);
    if (yes && state === plan.start && isPlain(plan.shape)) this.always.add(plan);
    return yes;
  }

  /** `required` can each have a value, before the conditions. */
  #satisfiable(
    plan: ObjectPlan,
    state: ObjectState,
    required: ReadonlySet<string>,
    conditions: Conditions,
  ): boolean {
    const { shape, lists } = plan;
    const { min, max, rules } = conditions;
    const given = new Map<string, Formula>();
    const value = (name: string): Formula =>
      given.get(name) ?? this.#ruled(plan.values.get(name)!, name, rules);
    const wanted: Rule[] = [];
    for (const { names, of } of conditions.wanted) {
      if ('term' in names) wanted.push({ term: names.term, of });
      else {
        const list = lists.findIndex(list => list.includes(names.name));
        if (lists[list].indexOf(names.name) < state.places[list]) return false;
        given.set(names.name, this.#formulas.and(value(names.name), of));
      }
    }
    const needed = given.size === 0 ? required : new Set([...required, ...given.keys()]);
    if (min > max || state.count + needed.size > max) return false;
    for (const name of rules.length === 0 ? given.keys() : needed)
      if (!this.inhabited(value(name))) return false;
    const patterns = [...shape.patterns];
    for (const { names, of } of rules) if ('term' in names) patterns.push({ term: names.term, of });
    if (state.count + needed.size < min) {
      let capacity = plan.capacity;
      if (patterns.length > shape.patterns.length) {
        const others = this.where(patterns, plan.others(), TRUE);
        const count = this.#terms.live(others) ? this.#terms.count(others, 1000) : 0;
        capacity = count >= 1000 ? Infinity : count;
      }
      let available = Math.max(0, capacity - state.extras.length);
      lists.forEach((list, i) => {
        for (let at = state.places[i]; at < list.length; at++)
          if (this.inhabited(value(list[at]))) available++;
      });
      if (state.count + available < min) return false;
    }
    if (wanted.length === 0) return true;
    const names = lists.flatMap((list, i) => list.slice(state.places[i]));
    return this.#assignable(plan, state, { wanted, patterns, needed, names, value, max });
  }

  #ruled(value: Formula, name: string, rules: readonly Wanted[]): Formula {
    if (rules.length === 0) return value;
    return this.#formulas.and(
      value,
      ...rules.filter(rule => this.named(rule.names, name)).map(rule => rule.of),
    );
  }

  /** What the value of a name must satisfy. */
  valueOf({ values, shape }: ObjectPlan, name: string): Formula {
    const rules = shape.patterns.filter(rule => this.matches(rule.term, name));
    return values.get(name) ?? this.#formulas.and(...rules.map(rule => rule.of));
  }

  /** Whether the name is one of the names. */
  named(names: Names, name: string): boolean {
    return 'name' in names ? names.name === name : this.matches(names.term, name);
  }

  /** Whether every wanted property finds a name that is still to come, within the size. */
  #assignable(
    plan: ObjectPlan,
    state: ObjectState,
    {
      wanted,
      patterns,
      needed,
      names,
      value,
      max,
    }: {
      wanted: readonly Rule[];
      patterns: readonly Rule[];
      needed: ReadonlySet<string>;
      names: readonly string[];
      value: (name: string) => Formula;
      max: number;
    },
  ): boolean {
    const given = new Map<string, Formula>();
    /** What is asked of each name beyond the plan's. */
    const fresh: Rule[] = [];
    const room = plan.capacity - state.extras.length;
    const namesFor = ({ term, of }: Rule): Term =>
      this.inhabited(of)
        ? this.free(this.where(patterns, this.#terms.and(plan.others(), term), of), state)
        : NEVER;
    const exists = (asked: Rule): boolean => this.#terms.live(namesFor(asked));
    const place = (i: number): boolean => {
      if (i === wanted.length) {
        const optional = [...given.keys()].filter(name => !needed.has(name)).length;
        if (state.count + needed.size + optional + fresh.length > max) return false;
        const tuples = createTuples({
          size: term => this.#terms.count(term, fresh.length + 1),
          meet: (a, b) => this.#terms.and(a, b),
        });
        return fresh.length < 2 || tuples(fresh.map(namesFor), 1) > 0;
      }
      if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
      const { term, of } = wanted[i];
      for (const name of names) {
        if (!this.matches(term, name)) continue;
        const before = given.get(name);
        const both = this.#formulas.and(before ?? value(name), of);
        if (!this.inhabited(both)) continue;
        given.set(name, both);
        if (place(i + 1)) return true;
        if (before === undefined) given.delete(name);
        else given.set(name, before);
      }
      if (fresh.length < room && exists(wanted[i])) {
        fresh.push(wanted[i]);
        if (place(i + 1)) return true;
        fresh.pop();
      }
      for (const [at, other] of fresh.entries()) {
        const both = { term: this.#terms.and(other.term, term), of: this.#formulas.and(other.of, of) };
        if (!exists(both)) continue;
        fresh[at] = both;
        if (place(i + 1)) return true;
        fresh[at] = other;
      }
      return false;
    };
    return place(0);
  }

  /** The names in `term` that are not taken yet. */
  free(term: Term, state: ObjectState): Term {
    const { literal } = this.#reader.characters;
    return this.#terms.and(term, ...state.extras.map(name => this.#terms.not(literal(name))));
  }
}

/** The required names that are not written yet. */
function stillRequired({ shape, lists }: ObjectPlan, { places }: ObjectState): ReadonlySet<string> {
  const names = new Set<string>();
  if (shape.required.size === 0) return names;
  lists.forEach((list, i) => {
    for (let at = places[i]; at < list.length; at++) if (shape.required.has(list[at])) names.add(list[at]);
  });
  return names;
}
