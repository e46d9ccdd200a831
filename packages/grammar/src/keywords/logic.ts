/** `allOf`, `anyOf`, `oneOf`, `not`, `if` with `then` and `else`. */
import { TRUE } from '../formulas.ts';
import { type Keyword, schemas } from './keyword.ts';

const condition: Keyword = (value, reading) => {
  const { schema, formulas } = reading;
  const test = reading.subschema(value, '/if');
  const branch = (keyword: string) =>
    schema.has(keyword) ? reading.subschema(schema.get(keyword)!, `/${keyword}`) : TRUE;
  const yes = branch('then');
  const no = branch('else');
  if (yes === TRUE && no === TRUE) return TRUE;
  return formulas.or(formulas.and(test, yes), formulas.and(formulas.not(test), no));
};

export const LOGIC: Record<string, Keyword> = {
  allOf: (value, reading, keyword) => reading.formulas.and(...schemas(value, reading, keyword)),
  anyOf: (value, reading, keyword) => reading.formulas.or(...schemas(value, reading, keyword)),
  oneOf: (value, reading, keyword) => reading.formulas.one(...schemas(value, reading, keyword)),
  not: (value, reading) => reading.formulas.not(reading.subschema(value, '/not')),
  if: condition,
};
