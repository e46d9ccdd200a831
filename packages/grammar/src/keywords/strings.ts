/** `minLength`, `maxLength` (in code points), `pattern`, `format`. */
import { formatPattern, REFUSED_FORMATS } from '../formats.ts';
import { type Formula, TRUE } from '../formulas.ts';
import { type Keyword, naturalNumber, type Reading, refuse, stringAtom, text } from './keyword.ts';

function length(reading: Reading, min: number, max: number): Formula {
  const { terms, characters } = reading;
  return stringAtom(
    reading,
    terms.concat(characters.quote, terms.repeat(characters.any, min, max), characters.quote),
  );
}

const format: Keyword = (value, reading, keyword) => {
  const name = text(value, reading, keyword);
  if (REFUSED_FORMATS.includes(name))
    return refuse(reading, keyword, `the format "${name}" is not supported`);
  const source = formatPattern(name);
  return source === undefined ? TRUE : stringAtom(reading, reading.pattern(source, keyword));
};

export const STRINGS: Record<string, Keyword> = {
  minLength: (value, reading, keyword) => length(reading, naturalNumber(value, reading, keyword), Infinity),
  maxLength: (value, reading, keyword) => length(reading, 0, naturalNumber(value, reading, keyword)),
  pattern: (value, reading, keyword) =>
    stringAtom(reading, reading.pattern(text(value, reading, keyword), keyword)),
  format,
};
