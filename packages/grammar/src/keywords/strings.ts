/** `minLength`, `maxLength` (in code points), `pattern`, `format`. */
import { formatPatterns } from '../formats.ts';
import { type Formula, TRUE } from '../formulas.ts';
import type { Reading } from '../reading.ts';
import { type Keyword, naturalNumber, stringAtom, text } from './keyword.ts';

function length(reading: Reading, min: number, max: number): Formula {
  const { terms, characters } = reading;
  return stringAtom(
    reading,
    terms.concat(characters.quote, terms.repeat(characters.any, min, max), characters.quote),
  );
}

const format: Keyword = (value, reading, keyword) => {
  const patterns = formatPatterns(text(value, reading, keyword));
  if (!patterns) return TRUE;
  return stringAtom(reading, reading.format(patterns.offered), reading.format(patterns.valid));
};

export const STRINGS: Record<string, Keyword> = {
  minLength: (value, reading, keyword) => length(reading, naturalNumber(value, reading, keyword), Infinity),
  maxLength: (value, reading, keyword) => length(reading, 0, naturalNumber(value, reading, keyword)),
  pattern: (value, reading, keyword) =>
    stringAtom(reading, reading.pattern(text(value, reading, keyword), keyword)),
  format,
};
