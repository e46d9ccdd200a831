/** `properties`, `required`, `additionalProperties`, `patternProperties`, `propertyNames`, sizes, `dependent*`, `dependencies`. */
import { FALSE, type Formula, TRUE } from '../formulas.ts';
import type { Reading } from '../reading.ts';
import type { Term } from '../terms.ts';
import { escapePointer, type Keyword, keys, naturalNumber, object, texts } from './keyword.ts';
import { typed } from './values.ts';

const properties: Keyword = (value, reading, keyword) => {
  const { formulas } = reading;
  const entries = [...object(value, reading, keyword)];
  return formulas.and(
    formulas.atom({ kind: 'order', names: entries.map(([name]) => name) }),
    ...entries.map(([name, schema]) =>
      formulas.atom({
        kind: 'properties',
        names: { name },
        of: reading.subschema(schema, `/properties/${escapePointer(name)}`),
      }),
    ),
  );
};

function present({ formulas }: Reading, name: string): Formula {
  return formulas.atom({ kind: 'some', names: { name }, of: TRUE });
}

const required: Keyword = (value, reading, keyword) =>
  reading.formulas.and(...texts(value, reading, keyword).map(name => present(reading, name)));

const patternProperties: Keyword = (value, reading, keyword) => {
  const { formulas } = reading;
  return formulas.and(
    ...[...object(value, reading, keyword)].map(([pattern, schema]) => {
      const of = reading.subschema(schema, `/patternProperties/${escapePointer(pattern)}`);
      return formulas.atom({ kind: 'properties', names: { term: reading.pattern(pattern, keyword) }, of });
    }),
  );
};

/** Names that are neither listed nor match a pattern. */
function otherNames(reading: Reading, names: Iterable<string>, patterns: Iterable<string>): Term {
  const { terms, characters } = reading;
  const matched = [...patterns].map(pattern => reading.pattern(pattern, 'patternProperties'));
  return terms.and(
    characters.string,
    terms.not(characters.literals(names)),
    ...matched.map(term => terms.not(term)),
  );
}

function others(reading: Reading, names: Iterable<string>, patterns: Iterable<string>, of: Formula): Formula {
  // where objects are closed, it matters that others are spoken of
  if (of === TRUE && !reading.closed) return TRUE;
  return reading.formulas.atom({
    kind: 'properties',
    names: { term: otherNames(reading, names, patterns) },
    of,
  });
}

const additionalProperties: Keyword = (value, reading) => {
  const { schema } = reading;
  const of = reading.subschema(value, '/additionalProperties');
  return others(reading, keys(schema.get('properties')), keys(schema.get('patternProperties')), of);
};

const propertyNames: Keyword = (value, reading) => {
  const { formulas, terms, characters } = reading;
  const names = reading.stringsOf(reading.subschema(value, '/propertyNames'));
  const forbidden = terms.and(characters.string, terms.not(names));
  return formulas.atom({ kind: 'properties', names: { term: forbidden }, of: FALSE });
};

/** Where a property is, the other names must be too, or the schema must hold. */
const dependencies: Keyword = (value, reading, keyword) => {
  const { formulas } = reading;
  const isObject = typed(reading, ['object']);
  const rules = [...object(value, reading, keyword)].map(([name, needs]) => {
    const then =
      Array.isArray(needs) || typeof needs === 'string'
        ? required(typeof needs === 'string' ? [needs] : needs, reading, keyword)
        : reading.subschema(needs, `/${keyword}/${escapePointer(name)}`);
    return formulas.or(
      formulas.not(present(reading, name)),
      formulas.and(isObject, then),
      formulas.not(isObject),
    );
  });
  return formulas.and(...rules);
};

export const OBJECTS: Record<string, Keyword> = {
  properties,
  required,
  patternProperties,
  additionalProperties,
  propertyNames,
  minProperties: (value, reading, keyword) =>
    reading.formulas.atom({ kind: 'size', min: naturalNumber(value, reading, keyword), max: Infinity }),
  maxProperties: (value, reading, keyword) =>
    reading.formulas.atom({ kind: 'size', min: 0, max: naturalNumber(value, reading, keyword) }),
  dependencies,
  dependentRequired: dependencies,
  dependentSchemas: dependencies,
};
