/** A JSON Schema (drafts 4 to 2020-12) to a formula: every keyword of a schema object is read by its entry in one table. */
import { beginning } from './beginning.ts';
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
import { VALUES } from './keywords/values.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { patternTerm } from './patterns.ts';
import { findReferences, type References } from './references.ts';
import { Shapes } from './shapes.ts';
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
};

export interface SchemaReader {
  readonly root: Formula;
  readonly terms: Terms;
  readonly characters: Characters;
  readonly numbers: Numbers;
  readonly formulas: Formulas;
  readonly shapes: Shapes;
}

/** Everything that belongs to one grammar; `root` of it is unread until its shape is asked for. */
export function readSchema(document: Json, closed: boolean): SchemaReader {
  const terms = beginning().terms.fork();
  const characters = createCharacters(terms);
  const numbers = createNumbers(terms, isDraft4(document));
  const formulas = new Formulas();
  const shapes = new Shapes(terms, formulas, { number: numbers.any, string: characters.string });
  const patterns = new Map<string, Term>();
  let references: References | undefined;

  const pattern = (source: string, pointer: string, keyword: string): Term => {
    const known = patterns.get(source);
    if (known !== undefined) return known;
    const term = patternOf(() => patternTerm(terms, characters, source), pointer, keyword);
    patterns.set(source, term);
    return term;
  };

  const at = (value: Json, pointer: string): Formula => {
    if (value === true || (isObject(value) && value.size === 0)) return TRUE;
    if (value === false) return FALSE;
    return formulas.schema(pointer, () => read(value, pointer));
  };

  const read = (value: Json, pointer: string): Formula => {
    if (!isObject(value))
      throw new GrammarError('invalid', pointer, '', 'a schema is an object or a boolean');
    const reading = readingOf(value, pointer);
    const parts: Formula[] = [];
    for (const keyword in KEYWORDS) {
      const given = value.get(keyword);
      if (given !== undefined) parts.push(KEYWORDS[keyword](given, reading, keyword));
    }
    return formulas.and(...parts);
  };

  const readingOf = (schema: JsonObject, pointer: string): Reading => {
    const target = (uri: string, keyword: string) => {
      references ??= findReferences(document);
      const found = references.resolve(uri, pointer);
      if (!found) return refuse(reading, keyword, `the reference "${uri}" leads to nothing in this schema`);
      if (keyword !== '$ref') {
        const name = uri.replace(/^.*#/, '');
        const several = (references.dynamicAnchors.get(name)?.length ?? 0) > 1;
        const recursive =
          keyword === '$recursiveRef' &&
          isObject(found.value) &&
          found.value.get('$recursiveAnchor') === true;
        if (several || (recursive && found.pointer !== ''))
          refuse(reading, keyword, 'it may lead to several places');
      }
      return found;
    };
    const reading: Reading = {
      schema,
      pointer,
      closed,
      terms,
      formulas,
      characters,
      numbers,
      subschema: (value, path) =>
        typeof value === 'boolean' || isObject(value)
          ? at(value, pointer + path)
          : invalid(reading, path.split('/')[1], 'a schema'),
      reference: (uri, keyword) => {
        const found = target(uri, keyword);
        return at(found.value, found.pointer);
      },
      referenced: (uri, keyword) => target(uri, keyword).value,
      stringsOf: formula => shapes.of(formula).string,
      pattern: (source, keyword) => pattern(source, pointer, keyword),
    };
    return reading;
  };

  return { root: at(document, ''), terms, characters, numbers, formulas, shapes };
}

function isDraft4(document: Json): boolean {
  const dialect = isObject(document) ? document.get('$schema') : undefined;
  return typeof dialect === 'string' && dialect.includes('draft-04');
}
