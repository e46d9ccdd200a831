/** A JSON Schema (drafts 4 to 2020-12) to a formula: every keyword of a schema object is read by its entry in one table. */
import { beginning } from './beginning.ts';
import { type Characters, createCharacters } from './characters.ts';
import { GrammarError } from './error.ts';
import { FALSE, type Formula, Formulas, type SchemaNode, TRUE } from './formulas.ts';
import { isObject, type Json } from './json.ts';
import { ARRAYS } from './keywords/arrays.ts';
import { type Keyword, text } from './keywords/keyword.ts';
import { LOGIC } from './keywords/logic.ts';
import { NUMBERS } from './keywords/numbers.ts';
import { OBJECTS } from './keywords/objects.ts';
import { STRINGS } from './keywords/strings.ts';
import { UNEVALUATED } from './keywords/unevaluated.ts';
import { VALUES } from './keywords/values.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { Reading } from './reading.ts';
import { findReferences, type References, type Scope } from './references.ts';
import { Shapes } from './shapes.ts';
import { ascending } from './term.ts';
import type { Term, Terms } from './terms.ts';

const reference: Keyword = (value, reading, keyword) =>
  reading.reference(text(value, reading, keyword), keyword);

/** In this order the formula is built, so that a schema's own properties come before those of its branches. */
const KEYWORDS: Record<string, Keyword> = {
  ...VALUES,
  ...NUMBERS,
  ...STRINGS,
  ...ARRAYS,
  ...OBJECTS,
  $ref: reference,
  $dynamicRef: reference,
  $recursiveRef: reference,
  ...LOGIC,
  ...UNEVALUATED,
};

const NAMES = Object.keys(KEYWORDS);
const PLACES = new Map(NAMES.map((keyword, i) => [keyword, i]));

/** Everything that belongs to one grammar; `root` of it is unread until its shape is asked for. */
export class SchemaReader {
  readonly root: Formula;
  readonly terms: Terms;
  readonly characters: Characters;
  readonly numbers: Numbers;
  readonly types = new Map<string, Formula>();
  readonly formulas = new Formulas();
  readonly shapes: Shapes;
  readonly draft: number;
  readonly closed: boolean;
  readonly #document: Json;
  readonly #patterns = new Map<string, Term>();
  #references: References | undefined;

  constructor(document: Json, closed: boolean) {
    const base = beginning();
    this.#document = document;
    this.closed = closed;
    this.draft = draftOf(document);
    this.terms = base.terms.fork();
    this.characters = createCharacters(this.terms, base.characters);
    const isDraft4 = this.draft === 4;
    this.numbers = createNumbers(this.terms, isDraft4, isDraft4 ? base.numbers4 : base.numbers);
    const universe = { number: this.numbers.any, string: this.characters.string };
    this.shapes = new Shapes(this.terms, this.formulas, universe);
    this.root = this.at(document, '');
  }

  /** Known once a reference has been met. */
  get references(): References {
    this.#references ??= findReferences(this.#document, this.draft);
    return this.#references;
  }

  /** The term of a pattern, made once. */
  once(source: string, make: () => Term): Term {
    const known = this.#patterns.get(source);
    if (known !== undefined) return known;
    const term = make();
    this.#patterns.set(source, term);
    return term;
  }

  at(value: Json, pointer: string, scope?: Scope): Formula {
    if (value === true || (isObject(value) && value.size === 0)) return TRUE;
    if (value === false) return FALSE;
    return this.formulas.schema(pointer, scope?.join(' ') ?? '', node => this.#read(value, node, scope));
  }

  #read(value: Json, node: SchemaNode, scope?: Scope): Formula {
    const { pointer } = node;
    if (!isObject(value))
      throw new GrammarError('invalid', pointer, '', 'a schema is an object or a boolean');
    const reading = new Reading(this, value, pointer, scope);
    const given: number[] = [];
    for (const key of value.keys()) {
      const at = PLACES.get(key);
      if (at !== undefined) given.push(at);
    }
    node.parts = [];
    for (const at of ascending(given)) {
      const keyword = NAMES[at];
      node.keyword = keyword;
      node.parts.push({ keyword, of: KEYWORDS[keyword](value.get(keyword)!, reading, keyword) });
    }
    return this.formulas.and(...node.parts.map(({ of }) => of));
  }
}

function draftOf(document: Json): number {
  const dialect = isObject(document) ? document.get('$schema') : undefined;
  const named = typeof dialect === 'string' && /draft-0([3467])|draft\/2019-09/.exec(dialect);
  return named ? Math.max(4, Number(named[1] ?? 2019)) : 2020;
}
