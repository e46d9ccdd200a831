/** `type`, `enum`, `const`. */
import { FALSE, FALSE_BIT, type Formula, NULL_BIT, TRUE, TRUE_BIT, WORDS } from '../formulas.ts';
import { type Decimal, isDecimal, isObject, type Json } from '../json.ts';
import type { Reading } from '../reading.ts';
import { NEVER } from '../terms.ts';
import { invalid, type Keyword } from './keyword.ts';

/** What values are made formulas with. */
export type Values = Pick<Reading, 'formulas' | 'terms' | 'characters' | 'numbers' | 'types'>;

export const TYPES = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;

/** The formula of being of one of the types. */
export function typed(reading: Values, names: readonly string[]): Formula {
  const key = names.join();
  let formula = reading.types.get(key);
  if (formula === undefined) {
    formula = typeAtom(reading, names);
    reading.types.set(key, formula);
  }
  return formula;
}

function typeAtom({ formulas, characters, numbers }: Values, names: readonly string[]): Formula {
  const all = names.includes('number');
  const integer = names.includes('integer') ? numbers.integer() : { inside: NEVER, outside: numbers.any };
  return formulas.atom({
    kind: 'scalar',
    words: (names.includes('null') ? NULL_BIT : 0) | (names.includes('boolean') ? TRUE_BIT | FALSE_BIT : 0),
    number: all ? numbers.any : integer.inside,
    numberOut: all ? NEVER : integer.outside,
    string: names.includes('string') ? characters.string : NEVER,
    stringOut: names.includes('string') ? NEVER : characters.string,
    array: names.includes('array'),
    object: names.includes('object'),
  });
}

const type: Keyword = (value, reading, keyword) => {
  const names = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(names) || names.length === 0 || !names.every(name => TYPES.includes(name))) {
    return invalid(reading, keyword, `one of ${TYPES.join(', ')} or an array of them`);
  }
  return typed(reading, names);
};

/** The formula of being one of these values. `anyOrder`: of the properties of objects; then equal values have equal formulas. */
export function oneOfValues(values: readonly Json[], reading: Values, anyOrder = false): Formula {
  const { formulas, terms, characters, numbers } = reading;
  const strings: string[] = [];
  const decimals: Decimal[] = [];
  const structured: Formula[] = [];
  let words = 0;
  for (const value of values) {
    if (value === null) words |= NULL_BIT;
    else if (typeof value === 'boolean') words |= value ? TRUE_BIT : FALSE_BIT;
    else if (typeof value === 'string') strings.push(value);
    else if (isDecimal(value)) decimals.push(value);
    else structured.push(structure(value, reading, anyOrder));
  }
  const string = characters.literals(strings);
  // numbers are spelled out at the first question about some, and most enums have none
  const number = decimals.length > 0 ? numbers.oneOf(decimals) : { inside: NEVER, outside: numbers.any };
  const scalars = formulas.atom({
    kind: 'scalar',
    words: words & WORDS,
    number: number.inside,
    numberOut: number.outside,
    string,
    stringOut: terms.and(characters.string, terms.not(string)),
    array: false,
    object: false,
  });
  return formulas.or(scalars, ...structured);
}

function structure(value: Json, reading: Values, anyOrder: boolean): Formula {
  const { formulas, terms, characters } = reading;
  if (isObject(value)) {
    const names = [...value.keys()];
    if (anyOrder) names.sort();
    const others = terms.and(characters.string, terms.not(characters.literals(names)));
    return formulas.and(
      typed(reading, ['object']),
      ...(anyOrder ? [] : [formulas.atom({ kind: 'order', names })]),
      ...names.flatMap(name => [
        formulas.atom({
          kind: 'properties',
          names: { name },
          of: oneOfValues([value.get(name)!], reading, anyOrder),
        }),
        formulas.atom({ kind: 'some', names: { name }, of: TRUE }),
      ]),
      formulas.atom({ kind: 'properties', names: { term: others }, of: FALSE }),
    );
  }
  const items = value as readonly Json[];
  return formulas.and(
    typed(reading, ['array']),
    formulas.atom({ kind: 'length', min: items.length, max: items.length }),
    ...items.map((item, i) =>
      formulas.atom({ kind: 'items', from: i, to: i, of: oneOfValues([item], reading, anyOrder) }),
    ),
  );
}

export const VALUES: Record<string, Keyword> = {
  type,
  enum: (value, reading, keyword) =>
    Array.isArray(value) ? oneOfValues(value, reading) : invalid(reading, keyword, 'an array'),
  const: (value, reading) => oneOfValues([value], reading),
};
