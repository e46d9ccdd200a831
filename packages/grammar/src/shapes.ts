/**
 * Formulas to shapes: what a value may be, type by type. Scalars become one term each, exactly; arrays and objects become
 * alternatives, each a conjunction of rules without any Boolean operator left.
 */
import { spell } from './characters.ts';
import { LimitError } from './error.ts';
import { type Atom, FALSE, type Formula, type Formulas, type Names, TRUE, WORDS } from './formulas.ts';
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
import { NEVER, type Term, type Terms } from './terms.ts';

const MAX_ALTERNATIVES = 400;
/** Of one object: what can still come is asked clause by clause. */
const MAX_CLAUSES = 64;
const MAX_EVALUATIONS = 40_000;
const MAX_MERGES = 60_000;
export interface Universe {
  readonly number: Term;
  readonly string: Term;
}

export class Shapes {
  readonly #terms: Terms;
  readonly #formulas: Formulas;
  readonly #nothing: Shape;
  readonly #everything: Shape;
  readonly #memo = new Map<number, Shape>();
  readonly #open = new Set<number>();
  readonly #glances = new Map<number, boolean>();
  /** Shapes that could not be looked at. */
  #unseen = 0;
  #merges = 0;
  /** The schema being looked at, for messages. */
  pointer = '';

  constructor(terms: Terms, formulas: Formulas, universe: Universe) {
    this.#terms = terms;
    this.#formulas = formulas;
    this.#nothing = { words: 0, number: NEVER, string: NEVER, arrays: [], objects: [] };
    this.#everything = { words: WORDS, ...universe, arrays: [ANY_ARRAY], objects: [ANY_OBJECT] };
  }

  renew(): void {
    this.#merges = 0;
  }

  of(formula: Formula): Shape {
    return this.#evaluate(formula, true);
  }

  #evaluate(formula: Formula, positive: boolean): Shape {
    const key = formula * 2 + (positive ? 1 : 0);
    const known = this.#memo.get(key);
    if (known) return known;
    if (this.#open.has(key)) throw new LimitError('it refers to itself without an end');
    if (this.#memo.size > MAX_EVALUATIONS) throw new LimitError('it has too many combinations');
    this.#open.add(key);
    try {
      const shape = this.#compute(formula, positive);
      this.#memo.set(key, shape);
      return shape;
    } finally {
      this.#open.delete(key);
    }
  }

  #compute(formula: Formula, positive: boolean): Shape {
    const node = this.#formulas.node(formula);
    switch (node.kind) {
      case 'true':
      case 'false':
        return (node.kind === 'true') === positive ? this.#everything : this.#nothing;
      case 'not':
        return this.#evaluate(node.of, !positive);
      case 'atom':
        return positive ? this.#inside(node.atom) : this.#outside(node.atom);
      case 'schema': {
        this.pointer = node.pointer;
        return this.#evaluate(node.resolve(), positive);
      }
      case 'and':
      case 'or': {
        const all = (node.kind === 'and') === positive;
        const shapes =
          positive && all
            ? this.#conjuncts(node.parts)
            : node.parts.map(part => this.#evaluate(part, positive));
        return shapes.reduce((a, b) => (all ? this.#intersect(a, b) : this.#unite(a, b)));
      }
      case 'one':
        return positive ? this.#exactlyOne(node.parts) : this.#notOne(node.parts);
      default:
        node satisfies never;
        return this.#nothing;
    }
  }

  /** The shapes of parts that all hold; named properties one behind the other, of which there may be many, are one of them. */
  #conjuncts(parts: readonly Formula[]): readonly Shape[] {
    const shapes: Shape[] = [];
    let named = new Map<string, Formula>();
    let required = new Set<string>();
    const flush = (): void => {
      if (named.size + required.size > 0)
        shapes.push({ ...this.#everything, objects: [{ ...ANY_OBJECT, named, required }] });
      named = new Map();
      required = new Set();
    };
    for (const part of parts) {
      const node = this.#formulas.node(part);
      const atom = node.kind === 'atom' ? node.atom : undefined;
      if ((atom?.kind === 'properties' || atom?.kind === 'some') && 'name' in atom.names) {
        const { name } = atom.names;
        if (atom.kind === 'some') required.add(name);
        if (atom.kind === 'properties' || atom.of !== TRUE)
          named.set(name, this.#formulas.and(named.get(name) ?? TRUE, atom.of));
        continue;
      }
      flush();
      shapes.push(this.#evaluate(part, true));
    }
    flush();
    return shapes;
  }

  #inside(atom: Atom): Shape {
    const array = (part: Partial<ArrayShape>): Shape => ({
      ...this.#everything,
      arrays: [{ ...ANY_ARRAY, ...part }],
    });
    const object = (part: Partial<ObjectShape>): Shape => ({
      ...this.#everything,
      objects: [{ ...ANY_OBJECT, ...part }],
    });
    switch (atom.kind) {
      case 'scalar':
        return {
          words: atom.words,
          number: atom.number,
          string: atom.string,
          arrays: atom.array ? [ANY_ARRAY] : [],
          objects: atom.object ? [ANY_OBJECT] : [],
        };
      case 'items':
        return array({ items: [atom] });
      case 'length':
        return array(atom);
      case 'contains':
        return array({ contains: [atom] });
      case 'unique':
        return array({ unique: true });
      case 'properties':
        if ('name' in atom.names) return object({ named: new Map([[atom.names.name, atom.of]]) });
        return object({ patterns: [{ term: atom.names.term, of: atom.of }] });
      case 'some':
        return object(this.#someProperty(atom));
      case 'size':
        return object(atom);
      case 'order':
        return object({ order: [atom.names] });
      default:
        atom satisfies never;
        return this.#nothing;
    }
  }

  #someProperty({ names, of }: { readonly names: Names; readonly of: Formula }): Partial<ObjectShape> {
    if ('term' in names) return { some: [{ term: names.term, of }] };
    const required = new Set([names.name]);
    return of === TRUE ? { required } : { required, named: new Map([[names.name, of]]) };
  }

  #outside(atom: Atom): Shape {
    const not = this.#formulas.not.bind(this.#formulas);
    const arrays = (parts: readonly Partial<ArrayShape>[]): Shape => ({
      ...this.#nothing,
      arrays: parts.map(part => ({ ...ANY_ARRAY, ...part })).filter(shape => shape.min <= shape.max),
    });
    const objects = (parts: readonly Partial<ObjectShape>[]): Shape => ({
      ...this.#nothing,
      objects: parts.map(part => ({ ...ANY_OBJECT, ...part })).filter(shape => shape.min <= shape.max),
    });
    switch (atom.kind) {
      case 'scalar':
        return {
          words: WORDS & ~atom.words,
          number: atom.numberOut,
          string: atom.stringOut,
          arrays: atom.array ? [] : [ANY_ARRAY],
          objects: atom.object ? [] : [ANY_OBJECT],
        };
      case 'items':
        if (atom.from === atom.to)
          return arrays([{ min: atom.from + 1, items: [{ ...atom, of: not(atom.of) }] }]);
        if (atom.to < Infinity) throw new LimitError('the complement of a range of items is not supported');
        return arrays([{ contains: [{ from: atom.from, of: not(atom.of), min: 1, max: Infinity }] }]);
      case 'length':
        return arrays([{ max: atom.min - 1 }, ...(atom.max < Infinity ? [{ min: atom.max + 1 }] : [])]);
      case 'contains': {
        const below = atom.min > 0 ? [{ contains: [{ ...atom, min: 0, max: atom.min - 1 }] }] : [];
        const above =
          atom.max < Infinity ? [{ contains: [{ ...atom, min: atom.max + 1, max: Infinity }] }] : [];
        return arrays([...below, ...above]);
      }
      case 'unique':
        throw new LimitError('the complement of "uniqueItems" is not supported');
      case 'properties':
        return objects([this.#someProperty({ names: atom.names, of: not(atom.of) })]);
      case 'some': {
        const of = not(atom.of);
        if ('name' in atom.names) return objects([{ named: new Map([[atom.names.name, of]]) }]);
        return objects([{ patterns: [{ term: atom.names.term, of }] }]);
      }
      case 'size':
        return objects([{ max: atom.min - 1 }, ...(atom.max < Infinity ? [{ min: atom.max + 1 }] : [])]);
      case 'order':
        return this.#nothing;
      default:
        atom satisfies never;
        return this.#nothing;
    }
  }

  #unite(a: Shape, b: Shape): Shape {
    return {
      words: a.words | b.words,
      number: this.#terms.alt(a.number, b.number),
      string: this.#terms.alt(a.string, b.string),
      arrays: this.#few(distinctArrays([...a.arrays, ...b.arrays])),
      objects: this.#few(distinctObjects([...a.objects, ...b.objects])),
    };
  }

  #intersect(a: Shape, b: Shape): Shape {
    return {
      words: a.words & b.words,
      number: this.#terms.and(a.number, b.number),
      string: this.#terms.and(a.string, b.string),
      arrays: this.#products(a.arrays, b.arrays, this.#mergeArrays, this.#emptyArray, distinctArrays),
      objects: this.#intersectObjects(a.objects, b.objects),
    };
  }

  /** Alternatives of one literal each become a clause of the others. */
  #intersectObjects(a: readonly ObjectShape[], b: readonly ObjectShape[]): readonly ObjectShape[] {
    const first = a.length > 1 ? literals(a) : undefined;
    const second = b.length > 1 ? literals(b) : undefined;
    if (first && second) return this.#attach(this.#attach([ANY_OBJECT], first), second);
    if (second) return this.#attach(a, second);
    if (first) return this.#attach(b, first);
    return this.#products(a, b, this.#mergeObjects, this.#emptyObject, distinctObjects);
  }

  #attach(shapes: readonly ObjectShape[], clause: readonly Literal[]): readonly ObjectShape[] {
    const result: ObjectShape[] = [];
    for (const shape of shapes) {
      if (clause.some(literal => this.#implied(shape, literal))) {
        result.push(shape);
        continue;
      }
      const possible = clause.filter(
        literal => !this.#emptyObject(this.#mergeObjects(shape, this.#shapeOf(literal)), 2, namesOf(literal)),
      );
      if (possible.length > 30 || shape.clauses.length >= MAX_CLAUSES)
        throw new LimitError('it has too many alternatives');
      if (possible.length === 1) result.push(this.#mergeObjects(shape, this.#shapeOf(possible[0])));
      else if (possible.length > 1) result.push({ ...shape, clauses: dedupe([...shape.clauses, possible]) });
    }
    return this.#few(distinctObjects(result));
  }

  #shapeOf(literal: Literal): ObjectShape {
    if (literal.kind === 'size') return { ...ANY_OBJECT, min: literal.min, max: literal.max };
    const { names, of } = literal;
    if (literal.kind === 'some') return { ...ANY_OBJECT, ...this.#someProperty(literal) };
    return 'name' in names
      ? { ...ANY_OBJECT, named: new Map([[names.name, of]]) }
      : { ...ANY_OBJECT, patterns: [{ term: names.term, of }] };
  }

  /** Whether every object of the shape is seen to satisfy the literal. */
  #implied(shape: ObjectShape, literal: Literal): boolean {
    if (literal.kind === 'size') return shape.min >= literal.min && shape.max <= literal.max;
    const { names, of } = literal;
    const follows = (name: string): boolean =>
      of === TRUE ||
      this.#glance(this.#formulas.and(shape.named.get(name) ?? TRUE, this.#formulas.not(of)), 1);
    if (literal.kind === 'some') {
      if ('name' in names) return shape.required.has(names.name) && follows(names.name);
      for (const name of shape.required) {
        if (this.#terms.matches(names.term, spell(name)) && follows(name)) return true;
      }
      return false;
    }
    if ('name' in names) return shape.named.has(names.name) && follows(names.name);
    return shape.patterns.some(rule => rule.term === names.term && rule.of === of);
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

  readonly #mergeArrays = (a: ArrayShape, b: ArrayShape): ArrayShape => {
    if (a === ANY_ARRAY) return b;
    if (b === ANY_ARRAY) return a;
    return {
      items: dedupe([...a.items, ...b.items]),
      contains: dedupe([...a.contains, ...b.contains]),
      unique: a.unique || b.unique,
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
    };
  };

  readonly #mergeObjects = (a: ObjectShape, b: ObjectShape): ObjectShape => {
    if (a === ANY_OBJECT) return b;
    if (b === ANY_OBJECT) return a;
    const named = new Map(a.named);
    for (const [name, of] of b.named) named.set(name, this.#formulas.and(named.get(name) ?? TRUE, of));
    return {
      order: [...new Set([...a.order, ...b.order])],
      named,
      patterns: dedupe([...a.patterns, ...b.patterns]),
      required: new Set([...a.required, ...b.required]),
      some: dedupe([...a.some, ...b.some]),
      min: Math.max(a.min, b.min),
      max: Math.min(a.max, b.max),
      clauses: dedupe([...a.clauses, ...b.clauses]),
    };
  };

  #exactlyOne(parts: readonly Formula[]): Shape {
    const shapes = parts.map(part => this.#evaluate(part, true));
    return shapes
      .map((shape, i) => {
        let { words, number, string, arrays, objects } = shape;
        shapes.forEach((other, j) => {
          if (i === j) return;
          words &= ~other.words;
          // Only what both may be is to be taken away; that spares the complement of the rest.
          const sharesNumber = number !== NEVER && this.#terms.live(this.#terms.and(number, other.number));
          const sharesString = string !== NEVER && this.#terms.live(this.#terms.and(string, other.string));
          const common = (a: Shape): Shape =>
            this.#intersect({ ...this.#nothing, arrays, objects }, { ...this.#nothing, ...a });
          const beside = objects.some(x => other.objects.some(y => !this.#apart(x, y))) ? other.objects : [];
          const both = common({ ...this.#nothing, arrays: other.arrays, objects: beside });
          const sharesArray = both.arrays.some(x => !this.#emptyArray(x));
          const sharesObject = both.objects.some(x => !this.#emptyObject(x));
          if (!sharesNumber && !sharesString && !sharesArray && !sharesObject) return;
          const out = this.#evaluate(parts[j], false);
          if (sharesNumber) number = this.#terms.and(number, out.number);
          if (sharesString) string = this.#terms.and(string, out.string);
          const rest = common({ ...this.#nothing, arrays: out.arrays, objects: out.objects });
          if (sharesArray) arrays = rest.arrays.filter(x => !this.#emptyArray(x));
          if (sharesObject) objects = rest.objects.filter(x => !this.#emptyObject(x));
        });
        return { words, number, string, arrays, objects };
      })
      .reduce((a, b) => this.#unite(a, b));
  }

  /** Whether two objects are seen to differ in a property that one of them must have, such as a name of their kind. */
  #apart(a: ObjectShape, b: ObjectShape): boolean {
    const differ = (name: string): boolean => {
      const [one, other] = [a.named.get(name), b.named.get(name)];
      return one !== undefined && other !== undefined && this.#distinctScalars(one, other);
    };
    for (const name of a.required) if (differ(name)) return true;
    for (const name of b.required) if (!a.required.has(name) && differ(name)) return true;
    return false;
  }

  #distinctScalars(one: Formula, other: Formula): boolean {
    if (one === other || this.#open.has(one * 2 + 1) || this.#open.has(other * 2 + 1)) return false;
    const [a, b] = [this.of(one), this.of(other)];
    if (a.arrays.length > 0 && b.arrays.length > 0) return false;
    if (a.objects.length > 0 && b.objects.length > 0) return false;
    return (
      (a.words & b.words) === 0 &&
      !this.#terms.live(this.#terms.and(a.number, b.number)) &&
      !this.#terms.live(this.#terms.and(a.string, b.string))
    );
  }

  /** None of them, or two. */
  #notOne(parts: readonly Formula[]): Shape {
    let result = parts.map(part => this.#evaluate(part, false)).reduce((a, b) => this.#intersect(a, b));
    for (let i = 0; i < parts.length; i++) {
      for (let j = 0; j < i; j++) {
        result = this.#unite(
          result,
          this.#intersect(this.#evaluate(parts[i], true), this.#evaluate(parts[j], true)),
        );
      }
    }
    return result;
  }

  /** Whether a shape is seen to be empty at a glance; a "no" says nothing. */
  #glance(formula: Formula, depth: number): boolean {
    if (formula === FALSE) return true;
    if (formula === TRUE) return false;
    const key = formula * 4 + depth;
    const known = this.#glances.get(key);
    if (known !== undefined) return known;
    const before = this.#unseen;
    const empty = this.#look(formula, depth);
    // A "no" for want of a look is not remembered.
    if (empty || this.#unseen === before) this.#glances.set(key, empty);
    return empty;
  }

  #look(formula: Formula, depth: number): boolean {
    let shape: Shape;
    try {
      if (this.#open.has(formula * 2 + 1) || this.#open.size > 200) throw new LimitError('');
      shape = this.#evaluate(formula, true);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#unseen++;
      return false;
    }
    if (shape.words !== 0) return false;
    if (shape.number !== NEVER && this.#terms.live(shape.number)) return false;
    if (shape.string !== NEVER && this.#terms.live(shape.string)) return false;
    if (depth === 0) return shape.arrays.length === 0 && shape.objects.length === 0;
    return (
      shape.arrays.every(x => this.#emptyArray(x, depth - 1)) &&
      shape.objects.every(x => this.#emptyObject(x, depth - 1))
    );
  }

  readonly #emptyArray = (shape: ArrayShape, depth = 2): boolean => {
    if (shape.min > shape.max) return true;
    const places = shape.items.map(rule => rule.from).filter(from => from < shape.min);
    if (places.some(at => this.#glance(this.itemAt(shape, at), depth))) return true;
    return shape.contains.some(({ of, min, from, max }) => {
      const last = this.itemAt(shape, Number.MAX_SAFE_INTEGER);
      const tuple = shape.items.some(rule => rule.to < Infinity);
      return (
        min > max ||
        shape.max - from < min ||
        (min > 0 && !tuple && this.#glance(this.#formulas.and(of, last), depth))
      );
    });
  };

  readonly #emptyObject = (shape: ObjectShape, depth = 2, names = shape.required): boolean => {
    if (shape.min > shape.max || shape.required.size > shape.max) return true;
    for (const name of names)
      if (shape.required.has(name) && this.#glance(shape.named.get(name) ?? TRUE, depth)) return true;
    return false;
  };

  /** What the item at an index must satisfy. */
  itemAt(shape: ArrayShape, index: number): Formula {
    const rules = shape.items.filter(rule => rule.from <= index && index <= rule.to);
    return this.#formulas.and(...rules.map(rule => rule.of));
  }
}

function namesOf(literal: Literal): ReadonlySet<string> {
  return new Set(literal.kind !== 'size' && 'name' in literal.names ? [literal.names.name] : []);
}
