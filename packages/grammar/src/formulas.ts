/** Schemas as Boolean formulas over atoms, interned: equal formulas have equal ids, so that recursion meets itself again. */
import type { Term } from './terms.ts';

/** Id of an interned formula. */
export type Formula = number;
export const TRUE: Formula = 0;
export const FALSE: Formula = 1;

/** More formulas than there ever are. */
const MANY = 2 ** 26;

/** The values null, true and false as bits. */
export const NULL_BIT = 1;
export const TRUE_BIT = 2;
export const FALSE_BIT = 4;
export const WORDS = 7;

/** Which property names: one, or those of a term over whole JSON strings. */
export type Names = { readonly name: string } | { readonly term: Term };

export type Atom =
  /** Decides scalars; all arrays and all objects are inside or outside. The `…Out` are what is outside, of the spellings offered. */
  | {
      readonly kind: 'scalar';
      readonly words: number;
      readonly number: Term;
      readonly numberOut: Term;
      readonly string: Term;
      readonly stringOut: Term;
      readonly array: boolean;
      readonly object: boolean;
    }
  /** Items from index `from` to `to`, both included, satisfy `of`: one, or all from there on. */
  | { readonly kind: 'items'; readonly from: number; readonly to: number; readonly of: Formula }
  | { readonly kind: 'length'; readonly min: number; readonly max: number }
  /** Between `min` and `max` of the items from index `from` on satisfy `of`. */
  | {
      readonly kind: 'contains';
      readonly from: number;
      readonly of: Formula;
      readonly min: number;
      readonly max: number;
    }
  | { readonly kind: 'unique' }
  /** Differs from a value, given by its formula, and is `before`: so a long list of values is none of atoms. */
  | { readonly kind: 'apart'; readonly before: Formula; readonly of: Formula }
  /** Values of the properties named so satisfy `of`. */
  | { readonly kind: 'properties'; readonly names: Names; readonly of: Formula }
  /** There is a property named so whose value satisfies `of`. */
  | { readonly kind: 'some'; readonly names: Names; readonly of: Formula }
  | { readonly kind: 'size'; readonly min: number; readonly max: number }
  /** No assertion: the order in which `names` come. */
  | { readonly kind: 'order'; readonly names: readonly string[] };

export type FormulaNode =
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'and' | 'or' | 'one'; readonly parts: readonly Formula[] }
  | { readonly kind: 'not'; readonly of: Formula }
  | { readonly kind: 'atom'; readonly atom: Atom }
  | SchemaNode;

/**
 * A schema by its place, built when first looked at. A class, since `#read` holds the whole grammar: V8 moves object literals to its old
 * generation once a large grammar has needed many, and dead ones there keep what they refer to through many collections.
 */
export class SchemaNode {
  readonly kind = 'schema';
  readonly pointer: string;
  /** What was read of it last. */
  keyword = '';
  /** What each keyword asks. */
  parts: { readonly keyword: string; readonly of: Formula }[] = [];
  readonly #read: (node: SchemaNode) => Formula;
  #formula: Formula | undefined = undefined;

  constructor(pointer: string, read: (node: SchemaNode) => Formula) {
    this.pointer = pointer;
    this.#read = read;
  }

  resolve(): Formula {
    this.#formula ??= this.#read(this);
    return this.#formula;
  }
}

export class Formulas {
  readonly #nodes: FormulaNode[] = [];
  readonly #byKey = new Map<string, Formula>();
  /** Conjunctions of two formulas, by both. */
  readonly #pairs = new Map<number, Formula>();

  constructor() {
    this.#intern('true', { kind: 'true' });
    this.#intern('false', { kind: 'false' });
  }

  node(formula: Formula): FormulaNode {
    return this.#nodes[formula];
  }

  #intern(key: string, node: FormulaNode): Formula {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    this.#byKey.set(key, this.#nodes.length);
    return this.#nodes.push(node) - 1;
  }

  atom(atom: Atom): Formula {
    return this.#intern(keyOf(atom), { kind: 'atom', atom });
  }

  /** `scope` tells readings of one place apart. */
  schema(pointer: string, scope: string, resolve: (node: SchemaNode) => Formula): Formula {
    return this.#intern(`$${pointer} ${scope}`, new SchemaNode(pointer, resolve));
  }

  and(...formulas: readonly Formula[]): Formula {
    if (formulas.length !== 2) return this.#join('and', formulas, TRUE, FALSE);
    const [a, b] = formulas;
    if (a === TRUE || a === b) return b;
    if (b === TRUE) return a;
    if (a === FALSE || b === FALSE) return FALSE;
    const pair = a * MANY + b;
    let both = this.#pairs.get(pair);
    if (both === undefined) {
      both = this.#join('and', formulas, TRUE, FALSE);
      this.#pairs.set(pair, both);
    }
    return both;
  }

  or(...formulas: readonly Formula[]): Formula {
    return this.#join('or', formulas, FALSE, TRUE);
  }

  /** Exactly one of them. */
  one(...formulas: readonly Formula[]): Formula {
    const parts = formulas.filter(part => part !== FALSE);
    if (parts.length === 0) return FALSE;
    return parts.length === 1 ? parts[0] : this.#intern(`x${parts}`, { kind: 'one', parts });
  }

  not(of: Formula): Formula {
    const node = this.#nodes[of];
    if (node.kind === 'not') return node.of;
    if (of === TRUE) return FALSE;
    return of === FALSE ? TRUE : this.#intern(`!${of}`, { kind: 'not', of });
  }

  #join(kind: 'and' | 'or', formulas: readonly Formula[], neutral: Formula, absorbing: Formula): Formula {
    if (formulas.length === 1) return formulas[0];
    if (formulas.length === 2 && formulas[0] === neutral) return formulas[1];
    const parts = new Set<Formula>();
    for (const formula of formulas) {
      const node = this.#nodes[formula];
      if (node.kind === kind) for (const part of node.parts) parts.add(part);
      else if (formula !== neutral) parts.add(formula);
    }
    if (parts.has(absorbing)) return absorbing;
    for (const part of parts) {
      const node = this.#nodes[part];
      if (node.kind === 'not' && parts.has(node.of)) return absorbing;
    }
    if (parts.size === 0) return neutral;
    const list = [...parts];
    if (list.length === 1) return list[0];
    // The order of the parts is kept: it is the order of the properties.
    return this.#intern(`${kind}${list}`, { kind, parts: list });
  }
}

/** Equal for equal atoms. Those of which schemas are full are written by hand, which is faster. */
function keyOf(atom: Atom): string {
  if (atom.kind === 'scalar') {
    const { words, number, numberOut, string, stringOut, array, object } = atom;
    return `s${words},${number},${numberOut},${string},${stringOut},${array},${object}`;
  }
  if (atom.kind === 'properties' && 'name' in atom.names) return `p${atom.of} ${atom.names.name}`;
  if (atom.kind === 'some' && 'name' in atom.names) return `o${atom.of} ${atom.names.name}`;
  // A `max` that is Infinity is null there, and nothing else is.
  return JSON.stringify(atom);
}
