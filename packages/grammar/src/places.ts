/** Which keys an object may have next, what their values must satisfy, and whether it may end: asked for places in it. */
import { decode, nameOf, spellingOf } from './characters.ts';
import { LimitError } from './error.ts';
import { type Formula, type Formulas, TRUE } from './formulas.ts';
import {
  Continuation,
  type Keys,
  ObjectPlace,
  type ObjectPlan,
  type ObjectState,
  SATISFIED,
} from './object-plan.ts';
import type { Plans } from './plans.ts';
import type { SchemaReader } from './schema.ts';
import type { Shapes } from './shapes.ts';
import { NEVER, type Term, type Terms } from './terms.ts';
import { MAX_TOKEN_BYTES } from './trie.ts';

/** Stands for names that nothing speaks of; no token can go on to write it once more. */
const STRAY = '~'.repeat(MAX_TOKEN_BYTES);
/** Kinds of names, and sets of claims for one value. */
const MAX_CELLS = 64;

export class Places {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #reader: SchemaReader;
  readonly #plans: Plans;
  readonly #shapes: Shapes;
  readonly #divisions = new Map<ObjectPlan, readonly Term[]>();
  #count = 0;

  constructor(reader: SchemaReader, plans: Plans) {
    this.#terms = reader.terms;
    this.#formulas = reader.formulas;
    this.#reader = reader;
    this.#plans = plans;
    this.#shapes = reader.shapes;
  }

  /** Where `state` stands, without it the beginning. */
  place(plan: ObjectPlan, state: ObjectState = plan.start): ObjectPlace {
    const extras = state.extras.length > 0 ? JSON.stringify(state.extras) : '';
    const key = `${state.places.join('.')},${state.count},${state.done},${state.clauses.join('.')},${state.apart.join('.')},${extras}`;
    let place = plan.places.get(key);
    if (!place) {
      place = new ObjectPlace(this.#count++, plan, state);
      plan.places.set(key, place);
    }
    return place;
  }

  /** The terms that tell apart names beyond the plan's; without one these are all alike. */
  divisions(plan: ObjectPlan): readonly Term[] {
    let divisions = this.#divisions.get(plan);
    if (!divisions) {
      const { patterns, some, clauses } = plan.shape;
      const terms = new Set(some.map(({ term }) => term));
      for (const { term, of } of patterns) if (this.#plans.inhabited(of)) terms.add(term);
      for (const literal of clauses.flat())
        if (literal.kind !== 'size' && 'term' in literal.names) terms.add(literal.names.term);
      divisions = [...terms].filter(
        term =>
          term !== plan.others() &&
          [term, this.#terms.not(term)].every(side => this.#terms.live(this.#terms.and(plan.others(), side))),
      );
      this.#divisions.set(plan, divisions);
    }
    return divisions;
  }

  /** What follows a name, given by its spelling; nothing when it cannot come now. */
  after(place: ObjectPlace, spelling: string): readonly Continuation[] {
    place.after ??= new Map();
    let next = place.after.get(spelling);
    if (!next) {
      next = this.#afterName(place.plan, place.state, nameOf(spelling)).map(
        ({ state, value }) => new Continuation(this.place(place.plan, state), value),
      );
      place.after.set(spelling, next);
    }
    return next;
  }

  /** The spelling of a name that is neither listed nor taken. */
  stray({ plan, state }: ObjectPlace): string {
    let name = STRAY;
    while (plan.values.has(name) || state.extras.includes(name)) name += '~';
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

  /** The keys that may come next. */
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
    const value = this.#plans.valueOf(plan, name);
    const next: ObjectState = { ...state, places, count: Math.min(plan.counted, state.count + 1), extras };
    return this.#choices(plan, next, value, name);
  }

  /**
   * What the value may be claimed to satisfy, of all that would help: each set of claims is a thread. A claim that follows is made, one
   * that cannot hold is not.
   */
  #choices(plan: ObjectPlan, next: ObjectState, value: Formula, name: string) {
    const { some, clauses } = plan.shape;
    const helpful = new Set<Formula>();
    some.forEach(({ term, of }, i) => {
      if (!((next.done >> i) & 1) && this.#plans.matches(term, name)) helpful.add(of);
    });
    clauses.forEach((clause, i) => {
      clause.forEach((literal, j) => {
        const lives = next.clauses[i] !== SATISFIED && (next.clauses[i] >> j) & 1;
        if (lives && literal.kind !== 'size' && this.#plans.named(literal.names, name))
          helpful.add(literal.of);
      });
    });
    let choices = [{ both: value, claimed: new Set([TRUE]) }];
    for (const of of helpful) {
      choices = choices.flatMap(choice => {
        const both = this.#formulas.and(choice.both, of);
        if (!this.#plans.inhabited(both)) return [choice];
        const claims = { both, claimed: new Set([...choice.claimed, of]) };
        return this.#plans.mayDiffer(choice.both, of) ? [choice, claims] : [claims];
      });
      if (choices.length > MAX_CELLS) throw new LimitError('too many of its conditions overlap');
    }
    const result: { state: ObjectState; value: Formula }[] = [];
    for (const { both, claimed } of choices) {
      const claim = this.#claim(plan, next, name, claimed);
      if (!claim) continue;
      for (const { value, apart } of this.#parted(plan, next, both, name)) {
        const state = claim.apart === apart ? claim : { ...claim, apart };
        if (this.#plans.inhabited(value) && this.#plans.objectFeasible(plan, state))
          result.push({ state, value });
      }
    }
    return result;
  }

  /** What the value of the property may be, by what the object must not be. */
  #parted(plan: ObjectPlan, next: ObjectState, value: Formula, name: string) {
    let coming: Set<string> | undefined;
    return this.#shapes.parted(value, next.apart, of => {
      const { named } = this.#shapes.of(of).objects[0];
      // what it has beside the names so far must still be able to come
      coming ??= new Set(plan.lists.flatMap((list, i) => list.slice(next.places[i])));
      const missing = [...named.keys()].filter(other => coming!.has(other)).length;
      return next.count + missing === named.size ? named.get(name) : undefined;
    });
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
      (bits, { term, of }, i) =>
        claimed.has(of) && this.#plans.matches(term, name) ? bits | (1 << i) : bits,
      next.done,
    );
    const left = clauses.map((clause, i) => {
      let bits = next.clauses[i];
      for (const [j, literal] of clause.entries()) {
        if (bits === SATISFIED) break;
        if (literal.kind === 'size' || !((bits >> j) & 1) || !this.#plans.named(literal.names, name))
          continue;
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
    const harmless = (): boolean => {
      const left = shape.clauses.map((clause, i) => {
        const bits = state.clauses[i];
        if (bits === SATISFIED) return bits;
        return clause.reduce((bits, { kind }, j) => (kind === 'rule' ? bits & ~(1 << j) : bits), bits);
      });
      if (left.includes(0)) return false;
      const count = Math.min(plan.counted, state.count + 1);
      const worst = { ...state, count, extras: [...state.extras, ''], clauses: left, apart: [] };
      return this.#plans.objectFeasible(plan, worst);
    };
    if (plan.unrestricted && harmless()) return { term: characters.string, open: true };
    const isPlain = this.#plans.always.has(plan);
    const offered: string[] = [];
    lists.forEach((list, i) => {
      for (let at = state.places[i]; at < list.length; at++) {
        const offers = isPlain
          ? this.#plans.inhabited(plan.values.get(list[at])!)
          : this.#afterName(plan, state, list[at]).length > 0;
        if (offers) offered.push(list[at]);
        if (shape.required.has(list[at])) break;
      }
    });
    const parts = [characters.literals(offered)];
    const free = this.#plans.free(plan.others(), state);
    // of so many names none is wanting, whichever is written: no object needs more, nor tells more kinds apart
    const enough = plan.counted + MAX_CELLS;
    const isLive = (term: Term): boolean => this.#terms.live(term);
    if (isPlain || (this.#terms.count(free, enough) >= enough && harmless())) parts.push(free);
    else {
      let cells = [free].filter(isLive);
      for (const kind of this.divisions(plan)) {
        cells = cells
          .flatMap(cell => [this.#terms.and(cell, kind), this.#terms.and(cell, this.#terms.not(kind))])
          .filter(isLive);
        if (cells.length > MAX_CELLS) throw new LimitError('too many of its conditions overlap');
      }
      for (const cell of cells) {
        const name = JSON.parse(decode(this.#terms.witness(cell))) as string;
        if (this.#afterName(plan, state, name).length > 0) parts.push(cell);
      }
    }
    const keys = this.#terms.alt(...parts);
    return { term: isLive(keys) ? keys : NEVER, open: false };
  }

  /** Whether the object may end here. */
  objectComplete({ shape, lists }: ObjectPlan, state: ObjectState): boolean {
    const { count } = state;
    if (state.apart.some(of => this.#shapes.of(of).objects[0].required.size === count)) return false;
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
