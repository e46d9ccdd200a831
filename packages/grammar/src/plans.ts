/**
 * Which objects can still be completed, and with `array-plans.ts` which arrays. A key, a comma or a closing bracket is offered only
 * where the answer is yes, so that no text ends in a dead end. Questions are answered for states: what has been written of the object
 * or array so far.
 */
import { ArrayPlans, arrayStart } from './array-plans.ts';
import { spell } from './characters.ts';
import { LimitError } from './error.ts';
import { FALSE, type Formula, type Formulas, type Names, TRUE } from './formulas.ts';
import { isClosable, isPlain, ObjectPlan, type ObjectState } from './object-plan.ts';
import type { SchemaReader } from './schema.ts';
import { type ObjectShape, ObjectShapes, type Rule } from './shape.ts';
import type { Shapes } from './shapes.ts';
import { NEVER, type Term, type Terms } from './terms.ts';

const MAX_QUESTIONS = 100_000;

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

  /** Counts one more question. */
  ask(): void {
    if (++this.#questions > MAX_QUESTIONS) throw new LimitError('it has too many combinations');
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
    this.ask();
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

  /** Whether a value satisfies the one and not the other, or that cannot be told. To be asked while no question is open. */
  mayDiffer(value: Formula, of: Formula): boolean {
    try {
      return this.inhabited(this.#formulas.and(value, this.#formulas.not(of)));
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#open.clear();
      this.arrays.counts.open.clear();
      return true;
    }
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
    const listed = new Set<string>();
    const lists: string[][] = [];
    const list = (names: readonly string[]): void => {
      const fresh = names.filter(name => !listed.has(name));
      for (const name of fresh) listed.add(name);
      if (this.#anyOrder) for (const name of fresh) lists.push([name]);
      else if (fresh.length > 0) lists.push(fresh);
    };
    shape.order.forEach(list);
    for (const name of [...shape.required, ...shape.named.keys()]) list([name]);
    for (const literal of shape.clauses.flat())
      if (literal.kind !== 'size' && 'name' in literal.names) list([literal.names.name]);
    const spokenOf = shape.patterns.filter(rule => rule.of !== FALSE).map(rule => rule.term);
    const isClosed = this.#closed && isClosable(shape);
    const isOut = (name: string): boolean => isClosed && !spokenOf.some(term => this.matches(term, name));
    let longest = -1;
    for (const of of shape.apart) {
      const { required } = this.#shapes.of(of).objects[0];
      longest = Math.max(longest, required.size);
      for (const name of required) if (!isOut(name)) list([name]);
    }
    const values = new Map<string, Formula>();
    for (const name of listed)
      values.set(name, this.#formulas.and(shape.named.get(name) ?? TRUE, this.#ruled(shape, name)));
    const { characters } = this.#reader;
    const possible = isClosed ? this.#terms.alt(...spokenOf) : characters.string;
    const forbidden = this.#forbidden(shape.patterns, TRUE);
    const unrestricted = possible === characters.string && forbidden.length === 0;
    let others: Term | undefined;
    return new ObjectPlan(
      shape,
      lists,
      values,
      () => {
        if (others !== undefined) return others;
        const term = this.#terms.and(possible, this.#terms.not(characters.literals(listed)), ...forbidden);
        others = this.#terms.live(term) ? term : NEVER;
        return others;
      },
      unrestricted,
      longest,
    );
  }

  /** The names in `term` whose value can satisfy `of` beside the patterns that the name matches. */
  where(patterns: readonly Rule[], term: Term, of: Formula): Term {
    return this.#terms.and(term, ...this.#forbidden(patterns, of));
  }

  /** What keeps names out whose value cannot, of those that are in each of `chosen`. */
  #forbidden(patterns: readonly Rule[], of: Formula, chosen: readonly Term[] = []): readonly Term[] {
    const terms = this.#terms;
    const result: Term[] = [];
    const rules: Rule[] = [];
    for (const rule of patterns) {
      if (this.inhabited(this.#formulas.and(of, rule.of))) rules.push(rule);
      else result.push(terms.not(terms.and(...chosen, rule.term)));
    }
    if (rules.length < 2 || this.inhabited(this.#formulas.and(of, ...rules.map(rule => rule.of))))
      return result;
    rules.forEach((rule, i) => {
      const both = this.#formulas.and(of, rule.of);
      const all = [...chosen, rule.term];
      this.ask();
      if (both !== of && terms.live(terms.and(...all)))
        result.push(...this.#forbidden(rules.slice(i + 1), both, all));
    });
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

  /** Whether the object can be completed. */
  objectFeasible(plan: ObjectPlan, state: ObjectState): boolean {
    if (this.always.has(plan)) return true;
    if (!isPlain(plan.shape)) return this.arrays.counts.objects.count(plan, state, 1) > 0;
    const yes = [...plan.shape.required].every(name => this.inhabited(plan.values.get(name)!));
    if (yes) this.always.add(plan);
    return yes;
  }

  /** What the value of a name must satisfy. */
  valueOf({ values, shape }: ObjectPlan, name: string): Formula {
    return values.get(name) ?? this.#ruled(shape, name);
  }

  /** What the patterns ask of the value of a name. */
  #ruled({ patterns }: ObjectShape, name: string): Formula {
    return this.#formulas.and(...patterns.filter(({ term }) => this.matches(term, name)).map(({ of }) => of));
  }

  /** Whether the name is one of the names. */
  named(names: Names, name: string): boolean {
    return 'name' in names ? names.name === name : this.matches(names.term, name);
  }

  /** The names in `term` that are not taken yet. */
  free(term: Term, state: ObjectState): Term {
    const { literal } = this.#reader.characters;
    return this.#terms.and(term, ...state.extras.map(name => this.#terms.not(literal(name))));
  }
}
