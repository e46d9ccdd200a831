/**
 * Which objects can still be completed, and with `array-plans.ts` which arrays. A key, a comma or a closing bracket is offered only
 * where the answer is yes, so that no text ends in a dead end. Questions are answered for states: what has been written of the object
 * or array so far.
 */
import { ArrayPlans, arrayStart } from './array-plans.ts';
import { LimitError } from './error.ts';
import { FALSE, type Formula, type Formulas, type Names, TRUE } from './formulas.ts';
import type { SchemaReader } from './schema.ts';
import { type ObjectShape, objectKey } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { NEVER, type Term, type Terms } from './terms.ts';

/** What is written of an object. */
export interface ObjectState {
  /** For every list of the plan, the first place whose name may still come. */
  readonly places: readonly number[];
  /** Properties so far, no further than the plan needs to know. */
  readonly count: number;
  /** Which of the shape's `some` are satisfied, as bits. */
  readonly done: number;
  /** Names beyond the plan's that are taken. */
  readonly extras: readonly string[];
  /** For every clause the literals that may still come true, as bits, or SATISFIED. */
  readonly clauses: readonly number[];
}

/** An object as far as it is written, apart from where it stands; interned. */
export interface ObjectPlace {
  readonly id: number;
  readonly plan: ObjectPlan;
  readonly state: ObjectState;
  /** Where names led so far, by their spelling. */
  readonly after: Map<string, readonly Continuation[]>;
  keys: Keys | undefined;
}

/** A property's name is written; its value must satisfy `value`. */
export interface Continuation {
  readonly place: ObjectPlace;
  readonly value: Formula;
}

/** The keys that may come next. */
export interface Keys {
  /** Whole JSON strings. */
  readonly term: Term;
  /**
   * Any beginning leads to a name that may come, since all do but finitely many: the term holds every string, and the name is looked at
   * when it is complete.
   */
  readonly open: boolean;
}

const SATISFIED = -1;

export interface ObjectPlan {
  readonly shape: ObjectShape;
  /** The names known beforehand, in lists whose order is kept. */
  readonly lists: readonly (readonly string[])[];
  readonly values: ReadonlyMap<string, Formula>;
  /** Strings that are none of the names, and whose value can exist; made when it is asked for. */
  readonly others: () => Term;
  /** Whether those are all that are none of the names. */
  readonly unrestricted: boolean;
  /** How many others there are. */
  readonly capacity: number;
  /** Properties are counted up to here. */
  readonly counted: number;
  readonly start: ObjectState;
  /** The spellings of the names that begin so. */
  readonly begun: Map<string, readonly string[]>;
  /** By the state. */
  readonly places: Map<string, ObjectPlace>;
}

/** Stands for names that nothing speaks of. */
const STRAY = '~';
const MAX_QUESTIONS = 100_000;
const MAX_OVERLAPPING = 8;
const MAX_CHOICES = 5;
const MAX_CELLS = 64;

interface Wanted {
  readonly names: Names;
  readonly of: Formula;
}

/** What is asked of an object beside its plan. */
interface Conditions {
  readonly min: number;
  readonly max: number;
  readonly wanted: readonly Wanted[];
  readonly rules: readonly Wanted[];
}

/** Whether an object of the shape declares names and needs no others. */
function isClosable({ order, some, min, clauses }: ObjectShape): boolean {
  const needsOthers = clauses
    .flat()
    .some(literal =>
      literal.kind === 'size' ? literal.min > 0 : literal.kind === 'some' && 'term' in literal.names,
    );
  return order.length > 0 && min === 0 && some.length === 0 && !needsOthers;
}

export class Plans {
  readonly arrays: ArrayPlans;
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #shapes: Shapes;
  readonly #reader: SchemaReader;
  readonly #settled = new Map<Formula, boolean>([[TRUE, true]]);
  readonly #open = new Set<Formula>();
  #assumptions = 0;
  #questions = 0;
  readonly #plans = new Map<string, ObjectPlan>();
  readonly #planOf = new Map<ObjectShape, ObjectPlan>();
  /** Objects that can be completed from wherever they have come. */
  readonly #always = new Set<ObjectPlan>();
  readonly #opened = new Map<ObjectPlan, boolean>();
  #count = 0;
  readonly #literals = new Map<string, Uint8Array>();

  readonly #anyOrder: boolean;
  readonly #closed: boolean;

  constructor(reader: SchemaReader, { anyOrder, closed }: { anyOrder: boolean; closed: boolean }) {
    this.#anyOrder = anyOrder;
    this.#closed = closed;
    this.#reader = reader;
    this.#terms = reader.terms;
    this.#formulas = reader.formulas;
    this.#shapes = reader.shapes;
    this.arrays = new ArrayPlans(reader, formula => this.inhabited(formula));
  }

  /** The limits on work hold for the compilation, and then for every step of a text. */
  renew(): void {
    this.#questions = 0;
    this.#shapes.renew();
  }

  /** Whether any value satisfies the formula: the least fixed point, so that what needs itself does not exist. */
  inhabited(formula: Formula): boolean {
    const known = this.#settled.get(formula);
    if (known !== undefined) return known;
    if (this.#open.has(formula)) {
      this.#assumptions++;
      return false;
    }
    if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
    if (this.#open.size > 300) throw new LimitError('it is nested too deeply');
    const before = this.#assumptions;
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
    if (yes || this.#assumptions === before || this.#open.size === 0) this.#settled.set(formula, yes);
    return yes;
  }

  // Objects

  object(shape: ObjectShape): ObjectPlan {
    const known = this.#planOf.get(shape);
    if (known) return known;
    const key = objectKey(shape);
    let plan = this.#plans.get(key);
    const before = this.#assumptions;
    plan ??= this.#plan(shape);
    // A plan that rests on an open question is made again.
    if (this.#assumptions === before || this.#open.size === 0) {
      this.#plans.set(key, plan);
      this.#planOf.set(shape, plan);
    }
    return plan;
  }

  #plan(shape: ObjectShape): ObjectPlan {
    if (shape.some.length > 30) throw new LimitError('it has too many conditions');
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
    const values = new Map<string, Formula>();
    for (const name of listed) {
      const rules = shape.patterns.filter(rule => this.#matches(rule.term, name)).map(rule => rule.of);
      values.set(name, this.#formulas.and(shape.named.get(name) ?? TRUE, ...rules));
    }
    const { characters } = this.#reader;
    const spokenOf = shape.patterns.filter(rule => rule.of !== FALSE).map(rule => rule.term);
    const possible = this.#closed && isClosable(shape) ? this.#terms.alt(...spokenOf) : characters.string;
    const sizes = [shape, ...shape.clauses.flat().filter(literal => literal.kind === 'size')];
    const finite = sizes.some(({ min }) => min > 0) || shape.some.length > 0 || shape.clauses.length > 0;
    const forbidden = this.#forbidden(shape.patterns, TRUE);
    const unrestricted = possible === characters.string && forbidden.length === 0;
    let others: Term | undefined;
    const term = (): Term => {
      others ??= this.#terms.and(possible, this.#terms.not(characters.literals(listed)), ...forbidden);
      return others;
    };
    const live = unrestricted || this.#terms.live(term());
    const capacity = !live ? 0 : finite && !unrestricted ? this.#terms.count(term(), 1000) : 1000;
    return {
      shape,
      lists,
      values,
      others: () => (live ? term() : NEVER),
      unrestricted,
      capacity: capacity >= 1000 ? Infinity : capacity,
      counted: Math.max(...sizes.map(({ min, max }) => (max < Infinity ? max + 1 : min))),
      start: {
        places: lists.map(() => 0),
        count: 0,
        done: 0,
        extras: [],
        clauses: shape.clauses.map(clause => 2 ** clause.length - 1),
      },
      begun: new Map(),
      places: new Map(),
    };
  }

  place(plan: ObjectPlan, state: ObjectState = plan.start): ObjectPlace {
    const extras = state.extras.length > 0 ? JSON.stringify(state.extras) : '';
    const key = `${state.places.join('.')},${state.count},${state.done},${state.clauses.join('.')},${extras}`;
    let place = plan.places.get(key);
    if (!place) {
      place = { id: this.#count++, plan, state, after: new Map(), keys: undefined };
      plan.places.set(key, place);
    }
    return place;
  }

  /** The names in `term` whose value can satisfy `of` beside the patterns that the name matches. */
  #where(patterns: ObjectShape['patterns'], term: Term, of: Formula): Term {
    return this.#terms.and(term, ...this.#forbidden(patterns, of));
  }

  /** What keeps names out whose value cannot. */
  #forbidden(patterns: ObjectShape['patterns'], of: Formula): readonly Term[] {
    const result: Term[] = [];
    const rules: { readonly term: Term; readonly of: Formula }[] = [];
    for (const rule of patterns) {
      if (this.inhabited(this.#formulas.and(of, rule.of))) rules.push(rule);
      else result.push(this.#terms.not(rule.term));
    }
    if (rules.length < 2 || this.inhabited(this.#formulas.and(of, ...rules.map(rule => rule.of))))
      return result;
    if (rules.length > MAX_OVERLAPPING) throw new LimitError('too many of its patterns overlap');
    for (let set = 3; set < 1 << rules.length; set++) {
      const chosen = rules.filter((_, i) => (set >> i) & 1);
      if (chosen.length < 2 || this.inhabited(this.#formulas.and(of, ...chosen.map(rule => rule.of))))
        continue;
      result.push(this.#terms.not(this.#terms.and(...chosen.map(rule => rule.term))));
    }
    return result;
  }

  /** What the value of an unlisted name must satisfy. */
  otherValue(plan: ObjectPlan, name: string): Formula {
    const rules = plan.shape.patterns.filter(rule => this.#matches(rule.term, name));
    return this.#formulas.and(...rules.map(rule => rule.of));
  }

  /** Whether names beyond the plan's are all alike, and every string is one. */
  #isOpen(plan: ObjectPlan): boolean {
    let open = this.#opened.get(plan);
    if (open === undefined) {
      const { patterns, some, clauses } = plan.shape;
      const terms = new Set(some.map(({ term }) => term));
      for (const { term, of } of patterns) if (this.inhabited(of)) terms.add(term);
      for (const literal of clauses.flat())
        if (literal.kind !== 'size' && 'term' in literal.names) terms.add(literal.names.term);
      open =
        plan.unrestricted &&
        [...terms].every(
          term =>
            term === plan.others() ||
            [term, this.#terms.not(term)].some(
              side => !this.#terms.live(this.#terms.and(plan.others(), side)),
            ),
        );
      this.#opened.set(plan, open);
    }
    return open;
  }

  #matches(term: Term, name: string): boolean {
    let bytes = this.#literals.get(name);
    if (!bytes) {
      bytes = new TextEncoder().encode(JSON.stringify(name));
      this.#literals.set(name, bytes);
    }
    return this.#terms.matches(term, bytes);
  }

  /** Whether the object can be completed: one literal of every open clause is chosen, and what follows from all is asked. */
  objectFeasible(plan: ObjectPlan, state: ObjectState): boolean {
    const { min, max, some, clauses } = plan.shape;
    if (this.#always.has(plan)) return true;
    const wanted: Wanted[] = some.flatMap(({ term, of }, i) =>
      (state.done >> i) & 1 ? [] : [{ names: { term }, of }],
    );
    const choose = (from: number, more: Conditions): boolean => {
      if (!this.#satisfiable(plan, state, more)) return false;
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
    const yes = choose(0, { min, max, wanted, rules: [] });
    if (yes && state === plan.start && isPlain(plan.shape)) this.#always.add(plan);
    return yes;
  }

  #satisfiable(plan: ObjectPlan, state: ObjectState, conditions: Conditions): boolean {
    const { shape, lists } = plan;
    const { min, max, rules } = conditions;
    const given = new Map<string, Formula>();
    const value = (name: string): Formula =>
      given.get(name) ?? this.#ruled(plan.values.get(name)!, name, rules);
    const needed = new Set<string>();
    lists.forEach((list, i) => {
      for (let at = state.places[i]; at < list.length; at++)
        if (shape.required.has(list[at])) needed.add(list[at]);
    });
    const wanted: { readonly term: Term; readonly of: Formula }[] = [];
    for (const { names, of } of conditions.wanted) {
      if ('term' in names) wanted.push({ term: names.term, of });
      else {
        const list = lists.findIndex(list => list.includes(names.name));
        if (lists[list].indexOf(names.name) < state.places[list]) return false;
        given.set(names.name, this.#formulas.and(value(names.name), of));
        needed.add(names.name);
      }
    }
    if (min > max || state.count + needed.size > max) return false;
    for (const name of needed) if (!this.inhabited(value(name))) return false;
    const patterns = [...shape.patterns];
    for (const { names, of } of rules) if ('term' in names) patterns.push({ term: names.term, of });
    if (state.count + needed.size < min) {
      let capacity = plan.capacity;
      if (patterns.length > shape.patterns.length) {
        const others = this.#where(patterns, plan.others(), TRUE);
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
    return this.#formulas.and(
      value,
      ...rules.filter(rule => this.#named(rule.names, name)).map(rule => rule.of),
    );
  }

  #named(names: Names, name: string): boolean {
    return 'name' in names ? names.name === name : this.#matches(names.term, name);
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
      wanted: ObjectShape['some'];
      patterns: ObjectShape['patterns'];
      needed: ReadonlySet<string>;
      names: readonly string[];
      value: (name: string) => Formula;
      max: number;
    },
  ): boolean {
    const given = new Map<string, Formula>();
    let fresh = 0;
    const place = (i: number): boolean => {
      if (i === wanted.length) {
        const optional = [...given.keys()].filter(name => !needed.has(name)).length;
        return state.count + needed.size + optional + fresh <= max;
      }
      if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
      const { term, of } = wanted[i];
      for (const name of names) {
        if (!this.#matches(term, name)) continue;
        const before = given.get(name);
        const both = this.#formulas.and(before ?? value(name), of);
        if (!this.inhabited(both)) continue;
        given.set(name, both);
        if (place(i + 1)) return true;
        if (before === undefined) given.delete(name);
        else given.set(name, before);
      }
      if (fresh >= plan.capacity - state.extras.length) return false;
      const others = this.#free(this.#where(patterns, this.#terms.and(plan.others(), term), of), state);
      if (others === NEVER || !this.#terms.live(others)) return false;
      fresh++;
      if (place(i + 1)) return true;
      fresh--;
      return false;
    };
    return place(0);
  }

  #free(term: Term, state: ObjectState): Term {
    const { literal } = this.#reader.characters;
    return this.#terms.and(term, ...state.extras.map(name => this.#terms.not(literal(name))));
  }

  /** What follows a name, given by its spelling; nothing when it cannot come now. */
  after(place: ObjectPlace, spelling: string): readonly Continuation[] {
    let next = place.after.get(spelling);
    if (!next) {
      const bytes = Uint8Array.from(spelling, char => char.charCodeAt(0));
      const name = JSON.parse(`"${new TextDecoder().decode(bytes)}"`) as string;
      next = this.#afterName(place.plan, place.state, name).map(({ state, value }) => ({
        place: this.place(place.plan, state),
        value,
      }));
      place.after.set(spelling, next);
    }
    return next;
  }

  /** The spelling of a name that is neither listed nor taken. */
  stray({ plan, state }: ObjectPlace): string {
    let name = STRAY;
    while (plan.values.has(name) || state.extras.includes(name)) name += STRAY;
    return name;
  }

  /** The spellings that begin so of names that the plan lists. */
  namesWith({ values, begun }: ObjectPlan, beginning: string): readonly string[] {
    let names = begun.get(beginning);
    if (!names) {
      names = Array.from(values.keys(), spellingOf).filter(name => name.startsWith(beginning));
      begun.set(beginning, names);
    }
    return names;
  }

  /** Whether so many conditions meet in one name that what follows it may pass a limit. */
  isCrowded({ shape: { some, clauses, patterns }, values }: ObjectPlan): boolean {
    const asked = [
      ...some.map(({ term, of }) => ({ names: { term }, of })),
      ...clauses.flat().filter(literal => literal.kind !== 'size'),
    ];
    const conditions = (list: readonly Wanted[]): number => new Set(list.map(({ of }) => of)).size;
    const kinds = new Set(patterns.map(({ term }) => term));
    for (const { names } of asked) if ('term' in names) kinds.add(names.term);
    if (2 ** kinds.size > MAX_CELLS) return true;
    if (conditions(asked) <= MAX_CHOICES) return false;
    for (const name of values.keys())
      if (conditions(asked.filter(({ names }) => this.#named(names, name))) > MAX_CHOICES) return true;
    return false;
  }

  keysAt(place: ObjectPlace): Keys {
    place.keys ??= this.#keys(place.plan, place.state);
    return place.keys;
  }

  /** States after the property `name`, each with what its value must satisfy; none when it cannot come now. */
  #afterName(
    plan: ObjectPlan,
    state: ObjectState,
    name: string,
  ): readonly { state: ObjectState; value: Formula }[] {
    const { lists, shape } = plan;
    const list = lists.findIndex(names => names.includes(name));
    const places = [...state.places];
    const extras = list < 0 ? [...state.extras, name].sort() : state.extras;
    if (list >= 0) {
      const at = lists[list].indexOf(name);
      if (at < places[list]) return [];
      for (let skipped = places[list]; skipped < at; skipped++)
        if (shape.required.has(lists[list][skipped])) return [];
      places[list] = at + 1;
    } else if (state.extras.includes(name)) return [];
    const value = list < 0 ? this.otherValue(plan, name) : plan.values.get(name)!;
    const next: ObjectState = { ...state, places, count: Math.min(plan.counted, state.count + 1), extras };
    return this.#choices(plan, next, value, name);
  }

  /**
   * What the value may be claimed to satisfy, of all that would help: each set of claims is a thread. A claim that follows from the
   * value's own formula is made in all of them.
   */
  #choices(plan: ObjectPlan, next: ObjectState, value: Formula, name: string) {
    const { some, clauses } = plan.shape;
    const certain = new Set<Formula>([TRUE]);
    const open = new Set<Formula>();
    const consider = (of: Formula): void => {
      if (certain.has(of) || open.has(of) || !this.inhabited(this.#formulas.and(value, of))) return;
      if (this.inhabited(this.#formulas.and(value, this.#formulas.not(of)))) open.add(of);
      else certain.add(of);
    };
    some.forEach(({ term, of }, i) => {
      if (!((next.done >> i) & 1) && this.#matches(term, name)) consider(of);
    });
    clauses.forEach((clause, i) => {
      clause.forEach((literal, j) => {
        const lives = next.clauses[i] !== SATISFIED && (next.clauses[i] >> j) & 1;
        if (lives && literal.kind !== 'size' && this.#named(literal.names, name)) consider(literal.of);
      });
    });
    if (open.size > MAX_CHOICES) throw new LimitError('too many of its conditions overlap');
    const options = [...open];
    const result: { state: ObjectState; value: Formula }[] = [];
    for (let set = 0; set < 1 << options.length; set++) {
      const chosen = options.filter((_, i) => (set >> i) & 1);
      const both = this.#formulas.and(value, ...chosen);
      if (!this.inhabited(both)) continue;
      const claimed = new Set([...certain, ...chosen]);
      const state = this.#claim(plan, next, name, claimed);
      if (state && this.objectFeasible(plan, state)) result.push({ state, value: both });
    }
    return result;
  }

  /** The state after a property whose value satisfies `claimed`; nothing is known of other formulas. */
  #claim(
    plan: ObjectPlan,
    next: ObjectState,
    name: string,
    claimed: ReadonlySet<Formula>,
  ): ObjectState | undefined {
    const { some, clauses } = plan.shape;
    const done = some.reduce(
      (bits, { term, of }, i) => (claimed.has(of) && this.#matches(term, name) ? bits | (1 << i) : bits),
      next.done,
    );
    const left = clauses.map((clause, i) => {
      let bits = next.clauses[i];
      for (const [j, literal] of clause.entries()) {
        if (bits === SATISFIED) break;
        if (literal.kind === 'size' || !((bits >> j) & 1) || !this.#named(literal.names, name)) continue;
        if (literal.kind === 'some' && claimed.has(literal.of)) bits = SATISFIED;
        else if (literal.kind === 'rule' && !claimed.has(literal.of)) bits &= ~(1 << j);
      }
      return bits;
    });
    return left.includes(0) ? undefined : { ...next, done, clauses: left };
  }

  #keys(plan: ObjectPlan, state: ObjectState): Keys {
    const { shape, lists } = plan;
    const { characters } = this.#reader;
    // Where no other name does harm, all are offered; else they are told apart by the patterns that they match.
    const lost = shape.clauses.map((clause, i) => {
      if (state.clauses[i] === SATISFIED) return SATISFIED;
      return clause.reduce(
        (bits, { kind }, j) => (kind === 'rule' ? bits & ~(1 << j) : bits),
        state.clauses[i],
      );
    });
    const harmless = (): boolean => {
      if (lost.includes(0)) return false;
      const count = Math.min(plan.counted, state.count + 1);
      const worst = { ...state, count, extras: [...state.extras, ''], clauses: lost };
      return this.objectFeasible(plan, worst);
    };
    const others = state.extras.length < plan.capacity;
    const all = others && harmless();
    if (all && this.#isOpen(plan)) return { term: characters.string, open: true };
    const term = (parts: readonly Term[]): Keys => {
      const keys = this.#terms.alt(...parts);
      return { term: this.#terms.live(keys) ? keys : NEVER, open: false };
    };
    const offered: string[] = [];
    lists.forEach((list, i) => {
      for (let at = state.places[i]; at < list.length; at++) {
        const offers = this.#always.has(plan)
          ? this.inhabited(plan.values.get(list[at])!)
          : this.#afterName(plan, state, list[at]).length > 0;
        if (offers) offered.push(list[at]);
        if (shape.required.has(list[at])) break;
      }
    });
    const parts = [characters.literals(offered)];
    if (!others) return term(parts);
    const free = this.#free(plan.others(), state);
    if (all) return term([...parts, free]);
    const kinds = new Set([...shape.patterns, ...shape.some].map(rule => rule.term));
    for (const literal of shape.clauses.flat())
      if (literal.kind !== 'size' && 'term' in literal.names) kinds.add(literal.names.term);
    if (!this.#terms.live(free)) return term(parts);
    let cells = [free];
    for (const kind of kinds) {
      cells = cells
        .flatMap(cell => [this.#terms.and(cell, kind), this.#terms.and(cell, this.#terms.not(kind))])
        .filter(cell => this.#terms.live(cell));
      if (cells.length > MAX_CELLS) throw new LimitError('too many of its patterns overlap');
    }
    for (const cell of cells) {
      const name = JSON.parse(new TextDecoder().decode(this.#terms.witness(cell))) as string;
      if (this.#afterName(plan, state, name).length > 0) parts.push(cell);
    }
    return term(parts);
  }

  /** Whether the object may end here. */
  objectComplete({ shape, lists }: ObjectPlan, state: ObjectState): boolean {
    const { count } = state;
    if (count < shape.min || count > shape.max || state.done !== 2 ** shape.some.length - 1) return false;
    if (lists.some((list, i) => list.some((name, at) => at >= state.places[i] && shape.required.has(name))))
      return false;
    return shape.clauses.every((clause, i) => {
      const bits = state.clauses[i];
      if (bits === SATISFIED) return true;
      return clause.some((literal, j) => {
        if (!((bits >> j) & 1) || literal.kind === 'some') return false;
        return literal.kind === 'rule' || (literal.min <= count && count <= literal.max);
      });
    });
  }
}

/** Whether nothing is asked but names with their values. */
function isPlain({ some, clauses, min, max }: ObjectShape): boolean {
  return some.length + clauses.length === 0 && min === 0 && max === Infinity;
}

/** A name as it stands between its quotes, a char code for each byte. */
export function spellingOf(name: string): string {
  if (/^[ !#-[\]-~]*$/.test(name)) return name;
  return String.fromCharCode(...new TextEncoder().encode(JSON.stringify(name).slice(1, -1)));
}
