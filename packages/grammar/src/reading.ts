import { formatTerm } from './beginning.ts';
import type { Characters } from './characters.ts';
import type { Formula, Formulas } from './formulas.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { invalid, patternOf, refuse } from './keywords/keyword.ts';
import type { Numbers } from './numbers.ts';
import { patternTerm } from './patterns.ts';
import type { Scope, Target } from './references.ts';
import type { SchemaReader } from './schema.ts';
import type { Term, Terms } from './terms.ts';

/** One schema object that is being read: what a keyword is given beside its value. */
export class Reading {
  readonly schema: JsonObject;
  readonly pointer: string;
  /** Whether objects have no properties but those that are spoken of. */
  readonly closed: boolean;
  readonly terms: Terms;
  readonly formulas: Formulas;
  readonly characters: Characters;
  readonly numbers: Numbers;
  /** Formulas of types, by their names: most schemas are little more. */
  readonly types: Map<string, Formula>;
  /** 4, 6, 7, 2019 or 2020: what `$schema` names; 2020 where it names none of them. */
  readonly draft: number;
  readonly #reader: SchemaReader;
  readonly #scope: Scope | undefined;

  constructor(reader: SchemaReader, schema: JsonObject, pointer: string, scope?: Scope) {
    this.schema = schema;
    this.pointer = pointer;
    this.closed = reader.closed;
    this.terms = reader.terms;
    this.formulas = reader.formulas;
    this.characters = reader.characters;
    this.numbers = reader.numbers;
    this.types = reader.types;
    this.draft = reader.draft;
    this.#reader = reader;
    this.#scope = scope;
  }

  /** The formula of a subschema; `path` is its JSON pointer from here, such as `/properties/a`. */
  subschema(value: Json, path: string): Formula {
    if (typeof value !== 'boolean' && !isObject(value)) return invalid(this, path.split('/')[1], 'a schema');
    const place = this.pointer + path;
    return this.#reader.at(value, place, this.#within(place));
  }

  /** A subschema as a reading of its own; `path` as above. */
  inside(value: JsonObject, path: string): Reading {
    const place = this.pointer + path;
    return new Reading(this.#reader, value, place, this.#within(place));
  }

  /** What a reference points at. */
  reference(uri: string, keyword: string): Formula {
    const { value, pointer, scope } = this.#follow(uri, keyword);
    return this.#reader.at(value, pointer, scope);
  }

  /** The same as a reading; absent where it is a boolean. */
  referenced(uri: string, keyword: string): Reading | undefined {
    const { value, pointer, scope } = this.#follow(uri, keyword);
    return isObject(value) ? new Reading(this.#reader, value, pointer, scope) : undefined;
  }

  /** The strings that satisfy a formula, as a term. */
  stringsOf(formula: Formula): Term {
    return this.#reader.shapes.of(formula).string;
  }

  /** Strings with a match of the pattern, as a term. */
  pattern(source: string, keyword: string): Term {
    const make = (): Term => patternTerm(this.terms, this.characters, source);
    return this.#reader.once(source, () => patternOf(make, this.pointer, keyword));
  }

  /** The same of one of the patterns of formats. */
  format(source: string): Term {
    const make = (): Term => this.terms.confine(formatTerm(this.terms, source), this.characters.string);
    return this.#reader.once(source, make);
  }

  #within(place: string): Scope | undefined {
    return this.#scope && this.#reader.references.scopeOf(place, this.#scope);
  }

  #follow(uri: string, keyword: string): Target & { readonly scope?: Scope } {
    const { references } = this.#reader;
    const found = references.resolve(uri, this.pointer);
    if (!found)
      return refuse(
        this,
        keyword,
        `the reference "${uri}" leads to nothing in this schema, and nothing is fetched`,
      );
    if (!references.dynamic) return found;
    const here = this.#scope ?? references.scopeOf(this.pointer);
    const target = keyword === '$ref' ? found : (references.outermost(keyword, uri, found, here) ?? found);
    return { ...target, scope: references.scopeOf(target.pointer, here) };
  }
}
