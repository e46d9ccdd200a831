/** ECMA-262 regular expressions (with the flag `u`, lenient about escapes as Annex B is) to a tree. */
import { type Ranges, SCALARS } from './characters.ts';

export type Pattern =
  | { readonly kind: 'class'; readonly ranges: Ranges }
  | { readonly kind: 'cat' | 'alt'; readonly parts: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly of: Pattern; readonly min: number; readonly max: number }
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'look'; readonly behind: boolean; readonly negative: boolean; readonly of: Pattern };

/** The pattern is not regular or not a pattern; the message says which part. */
export class PatternError extends Error {
  override name = 'PatternError';
}

const MAX_DEPTH = 200;
const LINE_ENDS: Ranges = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const SHORTHANDS: Record<string, Ranges> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [0x09, 0x0d],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ],
};
const CONTROLS: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, '0': 0 };
const properties = new Map<string, Ranges>();

export function parsePattern(source: string): Pattern {
  const chars = Array.from(source);
  let at = 0;
  let depth = 0;

  function alternatives(): Pattern {
    if (++depth > MAX_DEPTH) throw new PatternError('groups nested too deeply');
    const parts = [sequence()];
    while (chars[at] === '|') {
      at++;
      parts.push(sequence());
    }
    depth--;
    return parts.length === 1 ? parts[0] : { kind: 'alt', parts };
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    while (at < chars.length && chars[at] !== '|' && chars[at] !== ')') parts.push(quantified(atom()));
    return parts.length === 1 ? parts[0] : { kind: 'cat', parts };
  }

  function quantified(of: Pattern): Pattern {
    const range = quantifier();
    if (!range) return of;
    if (of.kind === 'start' || of.kind === 'end' || of.kind === 'look') {
      throw new PatternError('a quantifier on an assertion');
    }
    if (chars[at] === '?') at++;
    if (chars[at] === '*' || chars[at] === '+' || chars[at] === '?')
      throw new PatternError('nothing to repeat');
    const [min, max] = range;
    if (min > max) throw new PatternError('a quantifier whose bounds are out of order');
    return { kind: 'repeat', of, min, max };
  }

  function quantifier(): readonly [number, number] | undefined {
    const char = chars[at];
    if (char === '*' || char === '+' || char === '?') {
      at++;
      return char === '*' ? [0, Infinity] : char === '+' ? [1, Infinity] : [0, 1];
    }
    const match = char === '{' && /^\{(\d+)(?:(,)(\d*))?\}/.exec(chars.slice(at, at + 40).join(''));
    if (!match) return undefined;
    at += match[0].length;
    const min = Number(match[1]);
    return [min, match[2] ? (match[3] ? Number(match[3]) : Infinity) : min];
  }

  function atom(): Pattern {
    const char = chars[at++];
    switch (char) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'class', ranges: complement(LINE_ENDS) };
      case '(':
        return group();
      case '[':
        return { kind: 'class', ranges: bracket() };
      case '\\':
        return escapeAtom();
      case '*':
      case '+':
      case '?':
        throw new PatternError('nothing to repeat');
      default:
        return single(char.codePointAt(0)!);
    }
  }

  function group(): Pattern {
    let look: { behind: boolean; negative: boolean } | undefined;
    if (chars[at] === '?') {
      const head = /^\?(?:(:)|(<?)([=!])|<[A-Za-z_$][\w$]*>)/.exec(chars.slice(at, at + 100).join(''));
      if (!head) throw new PatternError(`the group "(${chars.slice(at, at + 3).join('')}"`);
      at += head[0].length;
      if (head[3]) look = { behind: head[2] === '<', negative: head[3] === '!' };
    }
    const of = alternatives();
    if (chars[at++] !== ')') throw new PatternError('a group that is not closed');
    return look ? { kind: 'look', ...look, of } : of;
  }

  function escapeAtom(): Pattern {
    const char = chars[at];
    if (char === 'b' || char === 'B') throw new PatternError(`the word boundary \\${char}`);
    if (char >= '1' && char <= '9') throw new PatternError('a back reference');
    if (char === 'k') throw new PatternError('a named back reference');
    if ('AZzGQE'.includes(char ?? '\\')) throw new PatternError(`the escape \\${char}`);
    return { kind: 'class', ranges: escapeClass() };
  }

  /** After a backslash; `at` stands on the letter. */
  function escapeClass(): Ranges {
    const char = chars[at++];
    if (char === undefined) throw new PatternError('a backslash at the end');
    const lower = char.toLowerCase();
    if (lower === 'd' || lower === 'w' || lower === 's') {
      return char === lower ? SHORTHANDS[lower] : complement(SHORTHANDS[lower]);
    }
    if (lower === 'p') {
      const name = /^\{([\w=]{1,60})\}/.exec(chars.slice(at, at + 64).join(''));
      if (!name) throw new PatternError(`the escape \\${char}`);
      at += name[0].length;
      const ranges = property(name[1]);
      return char === 'p' ? ranges : complement(ranges);
    }
    if (char in CONTROLS) return one(CONTROLS[char]);
    if (char === 'x') return one(hex(2));
    if (char === 'c') return one(chars[at++].charCodeAt(0) & 31);
    if (char === 'u') {
      if (chars[at] === '{') {
        const match = /^\{([0-9A-Fa-f]{1,6})\}/.exec(chars.slice(at, at + 9).join(''));
        if (!match) throw new PatternError('the escape \\u{');
        at += match[0].length;
        return one(Number.parseInt(match[1], 16));
      }
      const unit = hex(4);
      if (unit >= 0xd800 && unit < 0xdc00 && chars[at] === '\\' && chars[at + 1] === 'u') {
        at += 2;
        return one(0x10000 + ((unit - 0xd800) << 10) + (hex(4) - 0xdc00));
      }
      return one(unit);
    }
    if (/[A-Za-z]/.test(char)) throw new PatternError(`the escape \\${char}`);
    return one(char.codePointAt(0)!);
  }

  function hex(digits: number): number {
    const text = chars.slice(at, at + digits).join('');
    if (!/^[0-9A-Fa-f]+$/.test(text) || text.length < digits)
      throw new PatternError('an incomplete hexadecimal escape');
    at += digits;
    return Number.parseInt(text, 16);
  }

  function bracket(): Ranges {
    const negative = chars[at] === '^';
    if (negative) at++;
    const ranges: (readonly [number, number])[] = [];
    const item = (): Ranges => {
      const char = chars[at++];
      if (char !== '\\') return one(char.codePointAt(0)!);
      if (chars[at] === 'b') {
        at++;
        return one(8);
      }
      return escapeClass();
    };
    while (chars[at] !== ']') {
      if (at >= chars.length) throw new PatternError('a class that is not closed');
      const low = item();
      if (chars[at] !== '-' || chars[at + 1] === ']' || at + 1 >= chars.length) {
        ranges.push(...low);
        continue;
      }
      at++;
      const high = item();
      if (isOne(low) && isOne(high)) {
        if (low[0][0] > high[0][0]) throw new PatternError('a range that is out of order');
        ranges.push([low[0][0], high[0][0]]);
      } else ranges.push(...low, [0x2d, 0x2d], ...high);
    }
    at++;
    return negative ? complement(ranges) : complement(complement(ranges));
  }

  const tree = alternatives();
  if (at < chars.length) throw new PatternError('a parenthesis too many');
  return tree;
}

const one = (code: number): Ranges => [[code, code]];
const single = (code: number): Pattern => ({ kind: 'class', ranges: one(code) });
const isOne = (ranges: Ranges): boolean => ranges.length === 1 && ranges[0][0] === ranges[0][1];

/** The code points outside the ranges, without surrogates. */
function complement(ranges: Ranges): Ranges {
  const result: [number, number][] = [];
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  for (const [from, to] of SCALARS) {
    let next = from;
    for (const [low, high] of sorted) {
      if (low > to) break;
      if (low > next) result.push([next, low - 1]);
      next = Math.max(next, high + 1);
    }
    if (next <= to) result.push([next, to]);
  }
  return result;
}

/** A Unicode property, read off the host's own regular expressions. */
function property(name: string): Ranges {
  const known = properties.get(name);
  if (known) return known;
  let test: RegExp;
  try {
    test = new RegExp(`^\\p{${name}}$`, 'u');
  } catch {
    throw new PatternError(`the property \\p{${name}}`);
  }
  const ranges: [number, number][] = [];
  let start = -1;
  for (let code = 0; code <= 0x110000; code++) {
    const inside =
      code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && test.test(String.fromCodePoint(code));
    if (inside && start < 0) start = code;
    if (!inside && start >= 0) {
      ranges.push([start, code - 1]);
      start = -1;
    }
  }
  properties.set(name, ranges);
  return ranges;
}
