/** Shapes of all values, of those of either of two shapes, and of both. */
import type { AtomShapes } from './atom-shapes.ts';
import { LimitError } from './error.ts';
import { type Formula, type Formulas, TRUE } from './formulas.ts';
import {
  ANY_ARRAY,
  ANY_OBJECT,
  type ArrayShape,
  dedupe,
  distinctArrays,
  distinctObjects,
  type Literal,
  literals,
  type ObjectShape,
  type Shape,
} from './shape.ts';
import type { Terms } from './terms.ts';

const MAX_ALTERNATIVES = 400;
/** Of one object: what can still come is asked clause by clause. */
const MAX_CLAUSES = 64;
const MAX_MERGES = 60_000;

/** What is in either list, once; neither has anything twice. */
function joined<T>(a: readonly T[], b: readonly T[], distinct = dedupe<T>): readonly T[] {
  if (a.length === 0) return b;
  return b.length === 0 ? a : distinct([...a, ...b]);
}

function union<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  if (a.size === 0) return b;
  return b.size === 0 ? a : new Set([...a, ...b]);
}

export abstract class ShapeAlgebra {
  protected readonly terms: Terms;
  protected readonly formulas: Formulas;
  protected readonly atoms: AtomShapes;
  #merges = 0;

  constructor(terms: Terms, formulas: Formulas, atoms: AtomShapes) {
    this.terms = terms;
    this.formulas = formulas;
    this.atoms = atoms;
  }

  /** Whether a formula is seen to have no values at a glance, so deep; a "no" says nothing. */
  protected abstract glance(formula: Formula, depth: number): boolean;

  /** The limit on alternatives holds for one piece of work, and then for the next. */
  renew(): void {
    this.#merges = 0;
  }

  protected unite(a: Shape, b: Shape): Shape {
    return {
      words: a.words | b.words,
      number: this.terms.alt(a.number, b.number),
      string: this.terms.alt(a.string, b.string),
      arrays: this.#few(distinctArrays([...a.arrays, ...b.arrays])),
      objects: this.#few(distinctObjects([...a.objects, ...b.objects])),
    };
  }

  protected intersect(a: Shape, b: Shape): Shape {
    return {
      words: a.words & b.words,
      number: this.terms.and(a.number, b.number),
      string: this.terms.and(a.string, b.string),
      arrays: this.intersectArrays(a.arrays, b.arrays),
      objects: this.intersectObjects(a.objects, b.objects),
    };
  }

  protected intersectArrays(a: readonly ArrayShape[], b: readonly ArrayShape[]): readonly ArrayShape[] {
    return this.#products(a, b, this.mergeArrays, this.emptyArray, distinctArrays);
  }

  /** Alternatives of one literal each become a clause of the others. */
  protected intersectObjects(a: readonly ObjectShape[], b: readonly ObjectShape[]): readonly ObjectShape[] {
    const first = a.length > 1 ? literals(a) : undefined;
    const second = b.length > 1 ? literals(b) : undefined;
    if (first && second) return this.#attach(this.#attach([ANY_OBJECT], first), second);
    if (second) return this.#attach(a, second);
    if (first) return this.#attach(b, first);
    return this.#products(a, b, this.mergeObjects, this.emptyObject, distinctObjects);
  }

  #attach(shapes: readonly ObjectShape[], clause: readonly Literal[]): readonly ObjectShape[] {
    const result: ObjectShape[] = [];
    for (const shape of shapes) {
      if (clause.some(literal => this.#implied(shape, literal))) {
        result.push(shape);
        continue;
      }
      const possible = clause.filter(literal => !this.#excludes(shape, literal));
      if (possible.length > 30 || shape.clauses.length >= MAX_CLAUSES)
        throw new LimitError('it has too many alternatives');
      if (possible.length === 1) result.push(this.mergeObjects(shape, this.atoms.shapeOf(possible[0])));
      else if (possible.length > 1) result.push({ ...shape, clauses: dedupe([...shape.clauses, possible]) });
    }
    return this.#few(distinctObjects(result));
  }

  /** Whether no object of the shape is seen to satisfy the literal. */
  #excludes(shape: ObjectShape, literal: Literal): boolean {
    const { named, required } = shape;
    const isSize = literal.kind === 'size';
    const min = isSize ? Math.max(shape.min, literal.min) : shape.min;
    const max = isSize ? Math.min(shape.max, literal.max) : shape.max;
    if (min > max || required.size > max) return true;
    if (isSize || !('name' in literal.names)) return false;
    const { name } = literal.names;
    const isRequired = required.has(name);
    const isAdded = literal.kind === 'some' && !isRequired;
    if (isAdded && required.size === max) return true;
    return (isAdded || isRequired) && this.glance(this.formulas.and(named.get(name) ?? TRUE, literal.of), 2);
  }

  /** Whether no object is seen to be of both shapes. */
  protected excludeEachOther(a: ObjectShape, b: ObjectShape): boolean {
    const required = new Set([...a.required, ...b.required]);
    const max = Math.min(a.max, b.max);
    if (Math.max(a.min, b.min) > max || required.size > max) return true;
    for (const name of required) {
      const value = this.formulas.and(a.named.get(name) ?? TRUE, b.named.get(name) ?? TRUE);
      if (this.glance(value, 2)) return true;
    }
    return false;
  }

  /** Whether every object of the shape is seen to satisfy the literal. */
  #implied({ named, required, min, max }: ObjectShape, literal: Literal): boolean {
    if (literal.kind === 'size') return min >= literal.min && max <= literal.max;
    const { kind, names, of } = literal;
    if ('term' in names || !(kind === 'some' ? required : named).has(names.name)) return false;
    const value = named.get(names.name) ?? TRUE;
    return of === TRUE || this.glance(this.formulas.and(value, this.formulas.not(of)), 1);
  }

  #products<T>(
    a: readonly T[],
    b: readonly T[],
    merge: (x: T, y: T) => T,
    empty: (x: T) => boolean,
    distinct: (list: readonly T[]) => readonly T[],
  ): readonly T[] {
    if (a.length === 1 && b.length === 1) return [merge(a[0], b[0])];
    this.#merges += a.length * b.length;
    if (this.#merges > MAX_MERGES) throw new LimitError('it has too many alternatives');
    const result: T[] = [];
    for (const x of a) for (const y of b) result.push(merge(x, y));
    return this.#few(distinct(result.filter(shape => !empty(shape))));
  }

  #few<T>(list: readonly T[]): readonly T[] {
    if (list.length > MAX_ALTERNATIVES) throw new LimitError('it has too many alternatives');
    return list;
  }

  readonly mergeArrays = (a: ArrayShape, b: ArrayShape): ArrayShape => {
    if (a === ANY_ARRAY) return b;
    if (b === ANY_ARRAY) return a;
    return {
      items: joined(a.items, b.items),
      contains: joined(a.contains, b.contains),
      unique: a.unique || b.unique,
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
      apart: joined(a.apart, b.apart),
    };
  };

  readonly mergeObjects = (a: ObjectShape, b: ObjectShape): ObjectShape => {
    if (a === ANY_OBJECT) return b;
    if (b === ANY_OBJECT) return a;
    return {
      order: joined(a.order, b.order, lists => [...new Set(lists)]),
      named: this.#mergeNamed(a.named, b.named),
      patterns: joined(a.patterns, b.patterns),
      required: union(a.required, b.required),
      some: joined(a.some, b.some),
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
      clauses: joined(a.clauses, b.clauses),
      apart: joined(a.apart, b.apart),
    };
  };

  #mergeNamed(a: ObjectShape['named'], b: ObjectShape['named']): ObjectShape['named'] {
    if (a.size === 0) return b;
    if (b.size === 0) return a;
    const named = new Map(a);
    for (const [name, of] of b) named.set(name, this.formulas.and(named.get(name) ?? TRUE, of));
    return named;
  }

  protected readonly emptyArray = (shape: ArrayShape, depth = 2): boolean => {
    if (shape.min > shape.max) return true;
    const places = shape.items.map(rule => rule.from).filter(from => from < shape.min);
    if (places.some(at => this.glance(this.itemAt(shape, at), depth))) return true;
    return shape.contains.some(({ of, min, from, max }) => {
      const last = this.itemAt(shape, Number.MAX_SAFE_INTEGER);
      const tuple = shape.items.some(rule => rule.to < Infinity);
      return (
        min > max ||
        shape.max - from < min ||
        (min > 0 && !tuple && this.glance(this.formulas.and(of, last), depth))
      );
    });
  };

  protected readonly emptyObject = (shape: ObjectShape, depth = 2): boolean => {
    if (shape.min > shape.max || shape.required.size > shape.max) return true;
    for (const name of shape.required) if (this.glance(shape.named.get(name) ?? TRUE, depth)) return true;
    return false;
  };

  /** What the item at an index must satisfy. */
  itemAt(shape: ArrayShape, index: number): Formula {
    const rules = shape.items.filter(rule => rule.from <= index && index <= rule.to);
    return this.formulas.and(...rules.map(rule => rule.of));
  }
}
