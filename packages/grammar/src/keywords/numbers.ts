/** `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` (a number, or in draft 4 a flag), `multipleOf`. */
import { TRUE } from '../formulas.ts';
import { type Decimal, isDecimal, type Json } from '../json.ts';
import type { Reading } from '../reading.ts';
import { invalid, type Keyword, numberAtom, refuse } from './keyword.ts';

function bound(value: Json, reading: Reading, keyword: string): Decimal {
  return isDecimal(value) ? value : invalid(reading, keyword, 'a number');
}

const minimum: Keyword = (value, reading, keyword) => {
  const least = bound(value, reading, keyword);
  const exclusive = reading.schema.get('exclusiveMinimum') === true;
  return numberAtom(reading, exclusive ? reading.numbers.moreThan(least) : reading.numbers.atLeast(least));
};

/** At most x is: not more than x. */
const maximum: Keyword = (value, reading, keyword) => {
  const most = bound(value, reading, keyword);
  const exclusive = reading.schema.get('exclusiveMaximum') === true;
  const { inside, outside } = exclusive ? reading.numbers.atLeast(most) : reading.numbers.moreThan(most);
  return numberAtom(reading, { inside: outside, outside: inside });
};

const exclusiveMinimum: Keyword = (value, reading, keyword) =>
  typeof value === 'boolean'
    ? TRUE
    : numberAtom(reading, reading.numbers.moreThan(bound(value, reading, keyword)));

const exclusiveMaximum: Keyword = (value, reading, keyword) => {
  if (typeof value === 'boolean') return TRUE;
  const { inside, outside } = reading.numbers.atLeast(bound(value, reading, keyword));
  return numberAtom(reading, { inside: outside, outside: inside });
};

const multipleOf: Keyword = (value, reading, keyword) => {
  const divisor = bound(value, reading, keyword);
  if (divisor.digits === '' || divisor.negative) return invalid(reading, keyword, 'above zero');
  // Whether a beginning leads to a multiple below a bound is searched digit by digit.
  const wide = divisor.digits.length > 4 || divisor.point > 4;
  const { schema } = reading;
  const least = schema.get('minimum') ?? schema.get('exclusiveMinimum');
  const bounded =
    schema.has('maximum') || schema.has('exclusiveMaximum') || (isDecimal(least) && least.negative);
  if (wide && bounded)
    return refuse(
      reading,
      keyword,
      'a divisor above 9999, or of more than four digits, is not supported beside bounds',
    );
  if (divisor.digits.length > 11 || divisor.point > 11 || (wide && divisor.digits.length > divisor.point))
    return refuse(reading, keyword, 'a divisor of so many digits is not supported');
  return numberAtom(reading, reading.numbers.multipleOf(divisor));
};

export const NUMBERS: Record<string, Keyword> = {
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  multipleOf,
};
