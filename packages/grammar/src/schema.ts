/** A JSON Schema (drafts 4 to 2020-12) to a formula: every keyword of a schema object is read by its entry in one table. */
import { beginning, formatTerm } from './beginning.ts';
import { type Characters, createCharacters } from './characters.ts';
import { GrammarError } from './error.ts';
import { FALSE, type Formula, Formulas, TRUE } from './formulas.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import { ARRAYS } from './keywords/arrays.ts';
import { invalid, type Keyword, patternOf, type Reading, refuse, text } from './keywords/keyword.ts';
import { LOGIC } from './keywords/logic.ts';
import { NUMBERS } from './keywords/numbers.ts';
import { OBJECTS } from './keywords/objects.ts';
import { STRINGS } from './keywords/strings.ts';
import { UNEVALUATED } from './keywords/unevaluated.ts';
import { VALUES } from './keywords/values.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { patternTerm } from './patterns.ts';
import { findReferences, type References, type Scope, type Target } from './references.ts';
import { Shapes } from './shapes.ts';
import { ascending } from './term.ts';
import type { Term, Terms } from './terms.ts';

const REFERENCES: Record<string, Keyword> = {
  $ref: (value, reading, keyword) => reading.reference(text(value, reading, keyword), keyword),
  $dynamicRef: (value, reading, keyword) => reading.reference(text(value, reading, keyword), keyword),
  $recursiveRef: (value, reading, keyword) => reading.reference(text(value, reading, keyword), keyword),
};

/** In this order the formula is built, so that a schema's own properties come before those of its branches. */
const KEYWORDS: Record<string, Keyword> = {
  ...VALUES,
  ...NUMBERS,
  ...STRINGS,
  ...ARRAYS,
  ...OBJECTS,
  ...REFERENCES,
  ...LOGIC,
  ...UNEVALUATED,
};

const NAMES = Object.keys(KEYWORDS);
const PLACES = new Map(NAMES.map((keyword, i) => [keyword, i]));

export interface SchemaReader {
  readonly root: Formula;
  readonly terms: Terms;
  readonly characters: Characters;
  readonly numbers: Numbers;
  readonly types: Map<string, Formula>;
  readonly formulas: Formulas;
  readonly shapes: Shapes;
}

/** Everything that belongs to one grammar; `root` of it is unread until its shape is asked for. */
export function readSchema(document: Json, closed: boolean): SchemaReader {
  const draft = draftOf(document);
  const base = beginning();
  const terms = base.terms.fork();
  const characters = createCharacters(terms, base.characters);
  const numbers = createNumbers(terms, draft === 4, draft === 4 ? base.numbers4 : base.numbers);
  const formulas = new Formulas();
  const shapes = new Shapes(terms, formulas, { number: numbers.any, string: characters.string });
  const types = new Map<string, Formula>();
  const patterns = new Map<string, Term>();
  let references: References | undefined;

  const once = (source: string, make: () => Term): Term => {
    const known = patterns.get(source);
    if (known !== undefined) return known;
    const term = make();
    patterns.set(source, term);
    return term;
  };
  const pattern = (source: string, pointer: string, keyword: string): Term =>
    once(source, () => patternOf(() => patternTerm(terms, characters, source), pointer, keyword));

  const at = (value: Json, pointer: string, scope?: Scope): Formula => {
    if (value === true || (isObject(value) && value.size === 0)) return TRUE;
    if (value === false) return FALSE;
    return formulas.schema(pointer, scope?.join(' ') ?? '', () => read(value, pointer, scope));
  };

  const read = (value: Json, pointer: string, scope?: Scope): Formula => {
    if (!isObject(value))
      throw new GrammarError('invalid', pointer, '', 'a schema is an object or a boolean');
    const reading = readingOf(value, pointer, scope);
    // Up to draft 7 nothing counts beside `$ref`.
    if (draft <= 7 && value.has('$ref')) return REFERENCES.$ref(value.get('$ref')!, reading, '$ref');
    const given: number[] = [];
    for (const key of value.keys()) {
      const at = PLACES.get(key);
      if (at !== undefined) given.push(at);
    }
    const parts = ascending(given).map(at => KEYWORDS[NAMES[at]](value.get(NAMES[at])!, reading, NAMES[at]));
    return formulas.and(...parts);
  };

  const readingOf = (schema: JsonObject, pointer: string, scope?: Scope): Reading => {
    const follow = (uri: string, keyword: string): Target & { readonly scope?: Scope } => {
      references ??= findReferences(document, draft);
      const found = references.resolve(uri, pointer);
      if (!found)
        return refuse(
          reading,
          keyword,
          `the reference "${uri}" leads to nothing in this schema, and nothing is fetched`,
        );
      if (!references.dynamic) return found;
      const here = scope ?? references.scopeOf(pointer);
      const target = keyword === '$ref' ? found : (references.outermost(keyword, uri, found, here) ?? found);
      return { ...target, scope: references.scopeOf(target.pointer, here) };
    };
    const reading: Reading = {
      schema,
      pointer,
      closed,
      terms,
      formulas,
      characters,
      numbers,
      types,
      draft,
      subschema: (value, path) =>
        typeof value === 'boolean' || isObject(value)
          ? at(value, pointer + path, within(pointer + path))
          : invalid(reading, path.split('/')[1], 'a schema'),
      inside: (value, path) => readingOf(value, pointer + path, within(pointer + path)),
      reference: (uri, keyword) => {
        const target = follow(uri, keyword);
        return at(target.value, target.pointer, target.scope);
      },
      referenced: (uri, keyword) => {
        const { value, pointer, scope } = follow(uri, keyword);
        return isObject(value) ? readingOf(value, pointer, scope) : undefined;
      },
      stringsOf: formula => shapes.of(formula).string,
      pattern: (source, keyword) => pattern(source, pointer, keyword),
      format: source => once(source, () => terms.confine(formatTerm(terms, source), characters.string)),
    };
    const within = (place: string): Scope | undefined => scope && references!.scopeOf(place, scope);
    return reading;
  };

  return { root: at(document, ''), terms, characters, numbers, types, formulas, shapes };
}

function draftOf(document: Json): number {
  const dialect = isObject(document) ? document.get('$schema') : undefined;
  const named = typeof dialect === 'string' && /draft-0([3467])|draft\/2019-09/.exec(dialect);
  return named ? Math.max(4, Number(named[1] ?? 2019)) : 2020;
}
