/**
 * Formulas to shapes: what a value may be, type by type. Scalars become one term each, exactly; arrays and objects become
 * alternatives, each a conjunction of rules without any Boolean operator left.
 */
import { AtomShapes, type Universe } from './atom-shapes.ts';
import { LimitError } from './error.ts';
import { FALSE, type Formula, type Formulas, type SchemaNode, TRUE } from './formulas.ts';
import { ANY_ARRAY, ANY_OBJECT, type Shape } from './shape.ts';
import { ShapeAlgebra } from './shape-algebra.ts';
import { NEVER, type Terms } from './terms.ts';

const MAX_EVALUATIONS = 40_000;

/** An alternative that has values of these kinds in common with another. */
interface Beside {
  readonly other: Formula;
  readonly number: boolean;
  readonly string: boolean;
  readonly arrays: boolean;
  readonly objects: boolean;
}

export class Shapes extends ShapeAlgebra {
  #memo = new Map<number, Shape>();
  /** What was asked for longer ago. */
  #older = this.#memo;
  readonly #open = new Set<number>();
  readonly #glances = new Map<number, boolean>();
  /** Shapes that could not be looked at. */
  #unseen = 0;
  /** The schema being looked at, for messages. */
  at: SchemaNode | undefined = undefined;

  constructor(terms: Terms, formulas: Formulas, universe: Universe) {
    super(terms, formulas, new AtomShapes(formulas, universe));
  }

  /** The limits on work hold for one piece of it, and then for the next. */
  override renew(): void {
    super.renew();
    if (this.#memo.size < MAX_EVALUATIONS / 2) return;
    this.#older = this.#memo;
    this.#memo = new Map();
  }

  of(formula: Formula): Shape {
    return this.#evaluate(formula, true);
  }

  /** What differs from values, each given by its formula, and is one of `others`. */
  apartFrom(values: readonly Formula[], others = TRUE): Formula {
    return values.reduce((before, of) => this.formulas.atom({ kind: 'apart', before, of }), others);
  }

  #apartFrom(of: Formula): Shape {
    const { arrays, objects } = this.of(of);
    if (arrays.length + objects.length === 0) return this.#evaluate(of, false);
    return {
      ...this.atoms.everything,
      arrays: [{ ...ANY_ARRAY, apart: arrays.map(() => of) }],
      objects: [{ ...ANY_OBJECT, apart: objects.map(() => of) }],
    };
  }

  /**
   * What a part of an array or object may be, of which some are told apart: as each of those has it, or as none has. `apart`: those that
   * the whole may then still be. `partOf`: what one has there; absent where it has nothing.
   */
  parted(value: Formula, whole: readonly Formula[], partOf: (of: Formula) => Formula | undefined) {
    if (whole.length === 0) return [{ value, apart: whole }];
    const groups = new Map<Formula, Formula[]>();
    for (const of of whole) {
      const part = partOf(of);
      if (part === undefined) continue;
      const group = groups.get(part);
      if (group) group.push(of);
      else groups.set(part, [of]);
    }
    const none: readonly Formula[] = [];
    return [
      { value: this.formulas.and(value, this.apartFrom([...groups.keys()])), apart: none },
      ...Array.from(groups, ([part, apart]) => ({ value: this.formulas.and(value, part), apart })),
    ];
  }

  #evaluate(formula: Formula, positive: boolean): Shape {
    const key = formula * 2 + (positive ? 1 : 0);
    let known = this.#memo.get(key);
    if (known) return known;
    known = this.#older.get(key);
    if (known) {
      this.#memo.set(key, known);
      return known;
    }
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
    const node = this.formulas.node(formula);
    switch (node.kind) {
      case 'true':
      case 'false':
        return (node.kind === 'true') === positive ? this.atoms.everything : this.atoms.nothing;
      case 'not':
        return this.#evaluate(node.of, !positive);
      case 'atom':
        if (node.atom.kind !== 'apart')
          return positive ? this.atoms.inside(node.atom) : this.atoms.outside(node.atom);
        return positive
          ? this.intersect(this.of(node.atom.before), this.#apartFrom(node.atom.of))
          : this.unite(this.#evaluate(node.atom.before, false), this.of(node.atom.of));
      case 'schema': {
        const before = this.at;
        this.at = node;
        const shape = this.#evaluate(node.resolve(), positive);
        // what is found later is of the whole schema
        this.at = before ?? node;
        return shape;
      }
      case 'and':
      case 'or': {
        const all = (node.kind === 'and') === positive;
        const shapes =
          positive && all
            ? this.#conjuncts(node.parts)
            : node.parts.map(part => this.#evaluate(part, positive));
        return shapes.reduce((a, b) => (all ? this.intersect(a, b) : this.unite(a, b)));
      }
      case 'one':
        return positive ? this.#exactlyOne(node.parts) : this.#notOne(node.parts);
    }
  }

  /** The shapes of parts that all hold; named properties one behind the other, of which there may be many, are one of them. */
  #conjuncts(parts: readonly Formula[]): readonly Shape[] {
    const shapes: Shape[] = [];
    let open: { readonly named: Map<string, Formula>; readonly required: Set<string> } | undefined;
    const flush = (): void => {
      if (open) shapes.push({ ...this.atoms.everything, objects: [{ ...ANY_OBJECT, ...open }] });
      open = undefined;
    };
    for (const part of parts) {
      const node = this.formulas.node(part);
      const atom = node.kind === 'atom' ? node.atom : undefined;
      if ((atom?.kind === 'properties' || atom?.kind === 'some') && 'name' in atom.names) {
        const { name } = atom.names;
        open ??= { named: new Map(), required: new Set() };
        const { named, required } = open;
        if (atom.kind === 'some') required.add(name);
        if (atom.kind === 'properties' || atom.of !== TRUE)
          named.set(name, this.formulas.and(named.get(name) ?? TRUE, atom.of));
        continue;
      }
      flush();
      shapes.push(this.#evaluate(part, true));
    }
    flush();
    return shapes;
  }

  #exactlyOne(parts: readonly Formula[]): Shape {
    const shapes = parts.map(part => this.#evaluate(part, true));
    const beside: Beside[][] = shapes.map(() => []);
    for (let i = 0; i < shapes.length; i++)
      for (let j = 0; j < i; j++) {
        const both = this.#common(shapes[i], shapes[j]);
        if (!both) continue;
        beside[i].push({ ...both, other: parts[j] });
        beside[j].push({ ...both, other: parts[i] });
      }
    return shapes
      .map((shape, i) => {
        let { words, number, string, arrays, objects } = shape;
        shapes.forEach((other, j) => {
          if (i !== j) words &= ~other.words;
        });
        // Only what both may be is to be taken away; that spares the complement of the rest.
        for (const both of beside[i]) {
          const out = this.#evaluate(both.other, false);
          if (both.number) number = this.terms.and(number, out.number);
          if (both.string) string = this.terms.and(string, out.string);
          if (both.arrays) arrays = this.intersectArrays(arrays, out.arrays).filter(x => !this.emptyArray(x));
          if (both.objects)
            objects = this.intersectObjects(objects, out.objects).filter(x => !this.emptyObject(x));
        }
        return { words, number, string, arrays, objects };
      })
      .reduce((a, b) => this.unite(a, b));
  }

  /** Of which kinds there may be values that are in both; absent where of none. Words are not looked at. */
  #common(a: Shape, b: Shape): Omit<Beside, 'other'> | undefined {
    const number = a.number !== NEVER && this.terms.live(this.terms.and(a.number, b.number));
    const string = a.string !== NEVER && this.terms.live(this.terms.and(a.string, b.string));
    const arrays = this.intersectArrays(a.arrays, b.arrays).some(x => !this.emptyArray(x));
    const objects =
      a.objects.some(x => b.objects.some(y => !this.excludeEachOther(x, y))) &&
      (a.objects.length + b.objects.length === 2 ||
        this.intersectObjects(a.objects, b.objects).some(x => !this.emptyObject(x)));
    return number || string || arrays || objects ? { number, string, arrays, objects } : undefined;
  }

  /** None of them, or two. */
  #notOne(parts: readonly Formula[]): Shape {
    let result = parts.map(part => this.#evaluate(part, false)).reduce((a, b) => this.intersect(a, b));
    for (let i = 0; i < parts.length; i++) {
      for (let j = 0; j < i; j++) {
        result = this.unite(
          result,
          this.intersect(this.#evaluate(parts[i], true), this.#evaluate(parts[j], true)),
        );
      }
    }
    return result;
  }

  /** Whether a shape is seen to be empty at a glance; a "no" says nothing. */
  protected glance(formula: Formula, depth: number): boolean {
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
    if (this.#open.has(formula * 2 + 1) || this.#open.size > 200) {
      this.#unseen++;
      return false;
    }
    let shape: Shape;
    try {
      shape = this.#evaluate(formula, true);
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      this.#unseen++;
      return false;
    }
    if (shape.words !== 0) return false;
    if (shape.number !== NEVER && this.terms.live(shape.number)) return false;
    if (shape.string !== NEVER && this.terms.live(shape.string)) return false;
    if (depth === 0) return shape.arrays.length === 0 && shape.objects.length === 0;
    return (
      shape.arrays.every(x => this.emptyArray(x, depth - 1)) &&
      shape.objects.every(x => this.emptyObject(x, depth - 1))
    );
  }
}
