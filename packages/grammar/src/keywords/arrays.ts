/** `items` (a schema, or before 2020-12 an array of them), `prefixItems`, `additionalItems`, lengths, `contains`, `uniqueItems`. */
import { type Formula, TRUE } from '../formulas.ts';
import type { Json } from '../json.ts';
import type { Reading } from '../reading.ts';
import { invalid, type Keyword, naturalNumber } from './keyword.ts';

function tuple(value: Json, reading: Reading, keyword: string): Formula {
  if (!Array.isArray(value)) return invalid(reading, keyword, 'an array of schemas');
  return reading.formulas.and(
    ...value.map((item, i) => range(reading, i, i, reading.subschema(item, `/${keyword}/${i}`))),
  );
}

function range({ formulas }: Reading, from: number, to: number, of: Formula): Formula {
  return of === TRUE ? TRUE : formulas.atom({ kind: 'items', from, to, of });
}

const items: Keyword = (value, reading, keyword) => {
  if (Array.isArray(value)) return tuple(value, reading, keyword);
  const prefix = reading.schema.get('prefixItems');
  return range(
    reading,
    Array.isArray(prefix) ? prefix.length : 0,
    Infinity,
    reading.subschema(value, '/items'),
  );
};

const additionalItems: Keyword = (value, reading) => {
  const before = reading.schema.get('items');
  return Array.isArray(before)
    ? range(reading, before.length, Infinity, reading.subschema(value, '/additionalItems'))
    : TRUE;
};

const contains: Keyword = (value, reading) => {
  const { schema, formulas } = reading;
  const min = schema.has('minContains')
    ? naturalNumber(schema.get('minContains')!, reading, 'minContains')
    : 1;
  const max = schema.has('maxContains')
    ? naturalNumber(schema.get('maxContains')!, reading, 'maxContains')
    : Infinity;
  return formulas.atom({ kind: 'contains', from: 0, of: reading.subschema(value, '/contains'), min, max });
};

const uniqueItems: Keyword = (value, reading, keyword) => {
  if (typeof value !== 'boolean') return invalid(reading, keyword, 'a boolean');
  return value ? reading.formulas.atom({ kind: 'unique' }) : TRUE;
};

export const ARRAYS: Record<string, Keyword> = {
  items,
  prefixItems: tuple,
  additionalItems,
  minItems: (value, reading, keyword) =>
    reading.formulas.atom({ kind: 'length', min: naturalNumber(value, reading, keyword), max: Infinity }),
  maxItems: (value, reading, keyword) =>
    reading.formulas.atom({ kind: 'length', min: 0, max: naturalNumber(value, reading, keyword) }),
  contains,
  uniqueItems,
};
