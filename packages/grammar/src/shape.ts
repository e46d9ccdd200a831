/** What a value may be, type by type: the records that `shapes.ts` makes of formulas, and how they are compared. */
import { FALSE_BIT, type Formula, type Names, NULL_BIT, TRUE, TRUE_BIT } from './formulas.ts';
import { mix, type Term } from './term.ts';

export interface ArrayShape {
  readonly items: readonly { readonly from: number; readonly to: number; readonly of: Formula }[];
  readonly contains: readonly {
    readonly from: number;
    readonly of: Formula;
    readonly min: number;
    readonly max: number;
  }[];
  readonly unique: boolean;
  readonly min: number;
  readonly max: number;
  /** Formulas of one value each, from which it differs. */
  readonly apart: readonly Formula[];
}

/** One condition on an object. A `rule` binds the values of all properties named so, a `some` asks for one of them. */
export type Literal =
  | { readonly kind: 'rule'; readonly names: Names; readonly of: Formula }
  | { readonly kind: 'some'; readonly names: Names; readonly of: Formula }
  | { readonly kind: 'size'; readonly min: number; readonly max: number };

/** What is asked of values by names, those of a term. */
export interface Rule {
  readonly term: Term;
  readonly of: Formula;
}

export interface ObjectShape {
  /** Lists of names; the names of a list come in its order. */
  readonly order: readonly (readonly string[])[];
  readonly named: ReadonlyMap<string, Formula>;
  readonly patterns: readonly Rule[];
  readonly required: ReadonlySet<string>;
  readonly some: readonly Rule[];
  readonly min: number;
  readonly max: number;
  /** Of each, one literal or more holds. They stand for alternatives that would otherwise be multiplied out. */
  readonly clauses: readonly (readonly Literal[])[];
  /** Formulas of one value each, from which it differs. */
  readonly apart: readonly Formula[];
}

export interface Shape {
  readonly words: number;
  readonly number: Term;
  readonly string: Term;
  readonly arrays: readonly ArrayShape[];
  readonly objects: readonly ObjectShape[];
}

export const ANY_ARRAY: ArrayShape = {
  items: [],
  contains: [],
  unique: false,
  min: 0,
  max: Infinity,
  apart: [],
};
export const ANY_OBJECT: ObjectShape = {
  order: [],
  named: new Map(),
  patterns: [],
  required: new Set(),
  some: [],
  min: 0,
  max: Infinity,
  clauses: [],
  apart: [],
};

/** The shapes as literals, when each of them is one. */
export function literals(shapes: readonly ObjectShape[]): readonly Literal[] | undefined {
  const result: Literal[] = [];
  for (const { order, named, patterns, required, some, min, max, clauses } of shapes) {
    if (order.length > 0 || clauses.length > 0) return undefined;
    const names = new Set([...required, ...named.keys()]);
    const sized = min > 0 || max < Infinity;
    if (names.size + patterns.length + some.length + (sized ? 1 : 0) !== 1) return undefined;
    const [name] = names;
    if (sized) result.push({ kind: 'size', min, max });
    else if (patterns.length > 0)
      result.push({ kind: 'rule', names: { term: patterns[0].term }, of: patterns[0].of });
    else if (some.length > 0) result.push({ kind: 'some', names: { term: some[0].term }, of: some[0].of });
    else
      result.push({
        kind: required.size > 0 ? 'some' : 'rule',
        names: { name },
        of: named.get(name) ?? TRUE,
      });
  }
  return result;
}

export function dedupe<T>(rules: readonly T[]): readonly T[] {
  if (rules.length < 2) return rules;
  return [...new Map(rules.map(rule => [JSON.stringify(rule), rule])).values()];
}

function arrayKey(shape: ArrayShape): string {
  return JSON.stringify([shape.items, shape.contains, shape.unique, shape.min, shape.max, shape.apart]);
}

/** Whether two shapes ask for the same in the same order. Most that differ do so in their names. */
function equalObjects(a: ObjectShape, b: ObjectShape): boolean {
  if (a.min !== b.min || a.max !== b.max) return false;
  if (a.named.size !== b.named.size || a.required.size !== b.required.size) return false;
  const entries = b.named.entries();
  for (const [name, of] of a.named) {
    const [otherName, other] = entries.next().value!;
    if (name !== otherName || of !== other) return false;
  }
  const required = b.required.values();
  for (const name of a.required) if (name !== required.next().value) return false;
  return (
    alike(a.patterns, b.patterns) &&
    alike(a.some, b.some) &&
    alike(a.order, b.order) &&
    alike(a.clauses, b.clauses) &&
    alike(a.apart, b.apart)
  );
}

/** Whether two lists say the same; only a `max` may be Infinity, which JSON has as null. */
function alike(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a === b) return true;
  return a.length === b.length && (a.length === 0 || JSON.stringify(a) === JSON.stringify(b));
}

/** Equal for equal shapes, and seldom for others. */
function sketch({ order, named, patterns, required, some, min, clauses }: ObjectShape): number {
  let hash = mix(order.length * 16 + patterns.length, required.size * 16 + some.length, min + clauses.length);
  for (const of of named.values()) hash = mix(hash, of, 0);
  return hash;
}

/** Of equal shapes of objects one. */
export class ObjectShapes {
  readonly #groups = new Map<number, ObjectShape[]>();

  /** The shape that came first of those that equal this one. */
  first(shape: ObjectShape): ObjectShape {
    const key = sketch(shape);
    const group = this.#groups.get(key);
    if (!group) {
      this.#groups.set(key, [shape]);
      return shape;
    }
    const known = group.find(other => equalObjects(other, shape));
    if (!known) group.push(shape);
    return known ?? shape;
  }
}

export function distinctObjects(list: readonly ObjectShape[]): readonly ObjectShape[] {
  if (list.length < 2) return list;
  const shapes = new ObjectShapes();
  return [...new Set(list.map(shape => shapes.first(shape)))];
}

export function distinctArrays(list: readonly ArrayShape[]): readonly ArrayShape[] {
  return list.length < 2 ? list : [...new Map(list.map(shape => [arrayKey(shape), shape])).values()];
}

/** The words among a shape's scalars, as JSON texts. */
export function wordTexts(words: number): readonly string[] {
  const texts: string[] = [];
  if (words & NULL_BIT) texts.push('null');
  if (words & TRUE_BIT) texts.push('true');
  if (words & FALSE_BIT) texts.push('false');
  return texts;
}
