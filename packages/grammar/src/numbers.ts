/**
 * JSON numbers as terms. Two spellings are offered: plain decimals of up to 40 digits on either side of the point, and scientific
 * ones with one digit before the point, up to 17 behind it and an exponent from −330 to 307, so that every text is a finite double.
 * What decides about numbers gives both languages, inside and outside, each of them sound; together they may leave spellings out.
 */
import { LimitError } from './error.ts';
import type { Decimal } from './json.ts';
import { between, type Digits } from './sequences.ts';
import { EPSILON, type Machine, NEVER, type Term, type Terms } from './terms.ts';

export interface Division {
  readonly inside: Term;
  readonly outside: Term;
}

export interface Numbers {
  readonly any: Term;
  /** Whole numbers; in draft 4 only those without a point or an exponent. */
  integer(): Division;
  atLeast(bound: Decimal): Division;
  moreThan(bound: Decimal): Division;
  equal(value: Decimal): Division;
  /** `divisor` is positive. */
  multipleOf(divisor: Decimal): Division;
}

const PLACES = 40;
const MANTISSA = 17;
const EXPONENTS = [-330, 307] as const;
const MAX_DIVISOR = 1e12;

/** `draft4`: a number with a point is no integer there, whatever its value. */
export function createNumbers(terms: Terms, draft4: boolean): Numbers {
  const { cat, alt, optional, repeat, text, bytes } = {
    cat: terms.concat.bind(terms),
    alt: terms.alt.bind(terms),
    optional: terms.optional.bind(terms),
    repeat: terms.repeat.bind(terms),
    text: terms.text.bind(terms),
    bytes: (from: number, to: number) => terms.bytes(0x30 + from, 0x30 + to),
  };
  const DECIMAL: Digits = { least: 0, most: 9, term: bytes };
  const digit = bytes(0, 9);
  const point = text('.');
  const minus = text('-');
  const whole = alt(text('0'), cat(bytes(1, 9), repeat(digit, 0, PLACES - 1)));
  const places = repeat(digit, 0, PLACES);
  const fraction = optional(cat(point, repeat(digit, 1, PLACES)));
  const plain = cat(whole, fraction);
  const zeros = repeat(text('0'), 0, PLACES);
  const noFraction = optional(cat(point, text('0'), zeros));

  const exponent = (from: number, to: number): Term => {
    const size = (low: number, high: number): Term => {
      const options: Term[] = [];
      for (let length = 1; length <= 3; length++) {
        const first = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
        const last = Math.min(high, 10 ** length - 1);
        if (first > last) continue;
        const range = between(terms, DECIMAL, [...String(first)].map(Number), [...String(last)].map(Number));
        options.push(length === 1 ? cat(optional(text('0')), range) : range);
      }
      return alt(...options);
    };
    const low = Math.max(from, EXPONENTS[0]);
    const high = Math.min(to, EXPONENTS[1]);
    if (low > high) return NEVER;
    const parts: Term[] = [];
    if (high >= 0) parts.push(cat(optional(text('+')), size(Math.max(low, 0), high)));
    if (low < 0) parts.push(cat(minus, size(Math.max(1, -high), -low)));
    return cat(alt(text('e'), text('E')), alt(...parts));
  };
  const mantissa = (most: number): Term =>
    cat(bytes(1, 9), most > 0 ? optional(cat(point, repeat(digit, 1, most))) : EPSILON);
  const scientific = cat(mantissa(MANTISSA), exponent(...EXPONENTS));
  const size = alt(plain, scientific);
  const any = cat(optional(minus), size);

  const zero = cat(text('0'), noFraction);
  const wholeDigits = (x: Decimal): string =>
    x.point <= 0 ? '0' : x.digits.slice(0, x.point).padEnd(x.point, '0');
  const fractionDigits = (x: Decimal): string =>
    '0'.repeat(Math.max(0, -x.point)) + x.digits.slice(Math.max(0, x.point));

  /** Digit sequences that are at least `least` as fractions are compared; `end` may follow them. */
  const fractionFrom = (least: string, end: Term): Term =>
    [...least].reduceRight((tail, char) => {
      const value = Number(char);
      return alt(cat(bytes(value, value), tail), value < 9 ? cat(bytes(value + 1, 9), places) : NEVER);
    }, end);

  /** Sizes (without sign) that are at least `x`. */
  const sizeFrom = (x: Decimal): Term => {
    if (x.digits === '') return size;
    const parts: Term[] = [];
    const integer = wholeDigits(x);
    const rest = fractionDigits(x);
    if (rest.length > 400) throw new LimitError('a bound has too many digits');
    if (integer.length <= PLACES) {
      const digits = [...integer].map(Number);
      const longer = integer === '0' ? 0 : integer.length;
      if (longer < PLACES) parts.push(cat(bytes(1, 9), repeat(digit, longer, PLACES - 1), fraction));
      if (integer !== '0' && /[^9]/.test(integer)) {
        const next = [...String(BigInt(integer) + 1n)].map(Number);
        parts.push(
          cat(
            between(
              terms,
              DECIMAL,
              next,
              next.map(() => 9),
            ),
            fraction,
          ),
        );
      }
      const same = digits.reduceRight((tail, d) => cat(bytes(d, d), tail), EPSILON);
      parts.push(cat(same, rest === '' ? fraction : cat(point, fractionFrom(rest, places))));
    }
    const [first] = x.digits;
    const behind = x.digits.slice(1);
    const power = exponent(x.point - 1, x.point - 1);
    parts.push(cat(mantissa(MANTISSA), exponent(x.point, EXPONENTS[1])));
    if (first !== '9')
      parts.push(cat(bytes(Number(first) + 1, 9), optional(cat(point, repeat(digit, 1, MANTISSA))), power));
    const tail = behind === '' ? optional(cat(point, places)) : cat(point, fractionFrom(behind, places));
    parts.push(cat(text(first), tail, power));
    return terms.and(size, alt(...parts));
  };

  const sizeEqual = (x: Decimal): Term => {
    if (x.digits === '') return zero;
    const rest = fractionDigits(x);
    const integer = wholeDigits(x);
    if (rest.length > 400) throw new LimitError('a number has too many digits');
    const parts: Term[] = [];
    if (integer.length <= PLACES)
      parts.push(cat(text(integer), rest === '' ? noFraction : cat(point, text(rest), zeros)));
    const behind = x.digits.slice(1);
    const mantissaTail = behind === '' ? noFraction : cat(point, text(behind), zeros);
    parts.push(cat(text(x.digits[0]), mantissaTail, exponent(x.point - 1, x.point - 1)));
    return terms.and(size, alt(...parts));
  };

  const divide = (inside: Term): Division => ({ inside, outside: terms.and(any, terms.not(inside)) });
  const equalTerm = (x: Decimal): Term => {
    if (x.digits === '') return cat(optional(minus), zero);
    return x.negative ? cat(minus, sizeEqual(x)) : sizeEqual(x);
  };
  const atLeastTerm = (x: Decimal): Term => {
    if (x.digits === '') return alt(size, cat(minus, zero));
    if (!x.negative) return sizeFrom(x);
    const smaller = alt(sizeEqual(x), terms.and(size, terms.not(sizeFrom(x))));
    return alt(size, cat(minus, smaller));
  };

  let integers: Division | undefined;
  return {
    any,
    integer: () => {
      if (draft4) {
        integers ??= divide(cat(optional(minus), whole));
        return integers;
      }
      const scientificWhole = alt(
        cat(bytes(1, 9), exponent(0, EXPONENTS[1])),
        cat(mantissa(9), exponent(9, EXPONENTS[1])),
        cat(mantissa(MANTISSA), exponent(MANTISSA, EXPONENTS[1])),
      );
      integers ??= {
        inside: cat(optional(minus), alt(cat(whole, noFraction), scientificWhole)),
        outside: terms.and(any, cat(optional(minus), whole, point, zeros, bytes(1, 9), places)),
      };
      return integers;
    },
    atLeast: bound => divide(atLeastTerm(bound)),
    moreThan: bound => divide(terms.and(atLeastTerm(bound), terms.not(equalTerm(bound)))),
    equal: value => divide(equalTerm(value)),
    multipleOf: divisor => {
      const places = Math.max(0, divisor.digits.length - divisor.point);
      const scaled = Number(divisor.digits.padEnd(divisor.point, '0'));
      if (scaled > MAX_DIVISOR || places > PLACES) throw new LimitError('the divisor has too many digits');
      const machine = terms.machine(remainders(scaled, places), 0);
      // Beyond 15 digits a reader that has doubles would see another number.
      const short = alt(text('0'), cat(bytes(1, 9), repeat(digit, 0, 14)));
      const decimal = cat(optional(minus), short, fraction);
      return { inside: terms.and(decimal, machine), outside: terms.and(decimal, terms.not(machine)) };
    },
  };
}

/**
 * Decimals that are multiples of `divisor` / 10^`places`. A state is remainder × (places + 2) + 1 + digits seen behind the point
 * (−1 before it); digits behind the last place must be zeros.
 */
function remainders(divisor: number, places: number): Machine {
  const width = places + 2;
  const powers = Array.from({ length: places + 1 }, () => 1);
  for (let i = 1; i <= places; i++) powers[i] = (powers[i - 1] * 10) % divisor;
  const times = (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) % BigInt(divisor));
  return {
    alphabet: [...'0123456789-.'].map(char => char.charCodeAt(0)),
    step(state, byte) {
      const seen = (state % width) - 1;
      const remainder = Math.floor(state / width);
      if (byte === 0x2d) return state;
      if (byte === 0x2e) return seen < 0 ? remainder * width + 1 : -1;
      const value = byte - 0x30;
      if (seen === places) return value === 0 ? state : -1;
      return ((remainder * 10 + value) % divisor) * width + (seen < 0 ? 0 : seen + 2);
    },
    accepts(state) {
      const seen = Math.max(0, (state % width) - 1);
      return times(Math.floor(state / width), powers[places - seen] % divisor) === 0;
    },
  };
}
