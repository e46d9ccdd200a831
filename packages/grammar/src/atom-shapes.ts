/** Atoms, and what each of them leaves out, as shapes. */
import { LimitError } from './error.ts';
import { type Atom, type Formula, type Formulas, type Names, TRUE, WORDS } from './formulas.ts';
import {
  ANY_ARRAY,
  ANY_OBJECT,
  type ArrayShape,
  type Literal,
  type ObjectShape,
  type Shape,
} from './shape.ts';
import { NEVER, type Term } from './terms.ts';

/** An atom whose shape needs no other's. */
type PlainAtom = Exclude<Atom, { readonly kind: 'apart' }>;

/** All numbers and all strings. */
export interface Universe {
  readonly number: Term;
  readonly string: Term;
}

export class AtomShapes {
  readonly #formulas: Formulas;
  readonly nothing: Shape;
  readonly everything: Shape;

  constructor(formulas: Formulas, universe: Universe) {
    this.#formulas = formulas;
    this.nothing = { words: 0, number: NEVER, string: NEVER, arrays: [], objects: [] };
    this.everything = { words: WORDS, ...universe, arrays: [ANY_ARRAY], objects: [ANY_OBJECT] };
  }

  inside(atom: PlainAtom): Shape {
    const array = (part: Partial<ArrayShape>): Shape => ({
      ...this.everything,
      arrays: [{ ...ANY_ARRAY, ...part }],
    });
    const object = (part: Partial<ObjectShape>): Shape => ({
      ...this.everything,
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
    }
  }

  #someProperty({ names, of }: { readonly names: Names; readonly of: Formula }): Partial<ObjectShape> {
    if ('term' in names) return { some: [{ term: names.term, of }] };
    const required = new Set([names.name]);
    return of === TRUE ? { required } : { required, named: new Map([[names.name, of]]) };
  }

  outside(atom: PlainAtom): Shape {
    const not = this.#formulas.not.bind(this.#formulas);
    const arrays = (parts: readonly Partial<ArrayShape>[]): Shape => ({
      ...this.nothing,
      arrays: parts.map(part => ({ ...ANY_ARRAY, ...part })).filter(shape => shape.min <= shape.max),
    });
    const objects = (parts: readonly Partial<ObjectShape>[]): Shape => ({
      ...this.nothing,
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
        return this.nothing;
    }
  }

  shapeOf(literal: Literal): ObjectShape {
    if (literal.kind === 'size') return { ...ANY_OBJECT, min: literal.min, max: literal.max };
    const { names, of } = literal;
    if (literal.kind === 'some') return { ...ANY_OBJECT, ...this.#someProperty(literal) };
    return 'name' in names
      ? { ...ANY_OBJECT, named: new Map([[names.name, of]]) }
      : { ...ANY_OBJECT, patterns: [{ term: names.term, of }] };
  }
}
