/**
 * JSON numbers as terms. Two spellings are offered: plain decimals of up to 40 digits on either side of the point, and scientific
 * ones with one digit before the point, up to 17 behind it and an exponent from −307 to 307, so that every text is a finite double, and
 * zero only if it says so.
 * What decides about numbers gives both languages, inside and outside, each of them sound, also for readers that take a text for the
 * nearest double; together they may leave spellings out.
 */
import { LimitError } from './error.ts';
import { canonical, type Decimal } from './json.ts';
import { between, type Digits, trie, type Word } from './sequences.ts';
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
  oneOf(values: readonly Decimal[]): Division;
  /** `divisor` is positive. */
  multipleOf(divisor: Decimal): Division;
}

const PLACES = 40;
const MANTISSA = 17;
const EXPONENTS = [-307, 307] as const;
const MAX_DIVISOR = 1e11;
/** Two decimals of so many digits are two doubles as well: DBL_DIG of C. */
const EXACT = 15;
/** Digits of numbers that lie far from their neighbours in what has `EXACT` digits. */
const SHORT = 12;
/** Of a multiple, before the point. */
const MOST_DIGITS = EXACT;
/** Digits before and behind the point that are at most so many together. */
const SPLITS = [1, 4, 8, 12].map(before => [before, EXACT - before] as const);

/**
 * `draft4`: a number with a point is no integer there, whatever its value. What every grammar needs is taken from `base`, if given: the
 * numbers of a store of which this one is a fork.
 */
export function createNumbers(terms: Terms, draft4: boolean, base?: Numbers): Numbers {
  if (!base) return spellNumbers(terms, draft4);
  let own: Numbers | undefined;
  const later =
    <T>(divide: (of: Numbers) => (given: T) => Division) =>
    (given: T): Division => {
      own ??= spellNumbers(terms, draft4);
      return divide(own)(given);
    };
  return {
    any: base.any,
    integer: base.integer,
    atLeast: later(of => of.atLeast),
    moreThan: later(of => of.moreThan),
    oneOf: later(of => of.oneOf),
    multipleOf: later(of => of.multipleOf),
  };
}

function spellNumbers(terms: Terms, draft4: boolean): Numbers {
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
  const noFraction = optional(cat(point, repeat(text('0'), 1, PLACES)));

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

  /** A digit and what comes behind it, or a greater one and `more`. */
  const digitFrom = (least: string, behind: Term, more: Term): Term =>
    alt(cat(text(least), behind), least < '9' ? cat(bytes(Number(least) + 1, 9), more) : NEVER);
  /** Digit sequences that are at least `least` as fractions are compared; `end` may follow them. */
  const fractionFrom = (least: string, end: Term): Term =>
    [...least].reduceRight((tail, char) => digitFrom(char, tail, places), end);

  /** Sizes (without sign) that are at least `x`. */
  const sizeFrom = (x: Decimal): Term => {
    if (x.digits === '') return size;
    const parts: Term[] = [];
    const integer = x.point <= 0 ? '0' : x.digits.slice(0, x.point).padEnd(x.point, '0');
    const rest = '0'.repeat(Math.max(0, -x.point)) + x.digits.slice(Math.max(0, x.point));
    if (rest.length > 400) throw new LimitError('it has too many digits');
    const { length } = integer;
    if (length <= PLACES) {
      const behind = rest === '' ? fraction : cat(point, fractionFrom(rest, places));
      const asLong = [...integer].reduceRight((tail, char, i) => {
        const others = repeat(digit, length - 1 - i, length - 1 - i);
        return digitFrom(char, tail, cat(others, fraction));
      }, behind);
      parts.push(
        asLong,
        length < PLACES ? cat(bytes(1, 9), repeat(digit, length, PLACES - 1), fraction) : NEVER,
      );
    }
    const more = x.digits.slice(1);
    const behind = more === '' ? optional(cat(point, places)) : cat(point, fractionFrom(more, places));
    const power = exponent(x.point - 1, x.point - 1);
    parts.push(
      cat(digitFrom(x.digits[0], behind, fraction), power),
      cat(mantissa(MANTISSA), exponent(x.point, EXPONENTS[1])),
    );
    return terms.and(size, alt(...parts));
  };

  /** Numbers that begin so. */
  const among = (words: readonly Word[]): Term => terms.and(any, trie(terms, words));
  const zeroWords = ['0', '-0'].map(bytes => ({ bytes, tail: noFraction }));
  /** What may stand behind the digits of a number: zeros, or anything. */
  const exactly = { digit: text('0'), places: zeros, fraction: noFraction };
  const andMore = { digit, places, fraction };

  /** Of the sign of `x`, those with these digits first, `before` of them before the point (behind zeros after it, where that is negative). */
  const wordsOf = (x: Decimal, digits: string, before: number, more: typeof exactly): readonly Word[] => {
    if (digits.length > 400) throw new LimitError('it has too many digits');
    const word = (text: string, tail: Term): Word => ({ bytes: x.negative ? `-${text}` : text, tail });
    const behind = digits.slice(1);
    const missing = Math.max(0, before - digits.length);
    const plain =
      before <= 0
        ? word(`0.${'0'.repeat(Math.min(-before, PLACES))}${digits}`, more.places)
        : before < digits.length
          ? word(`${digits.slice(0, before)}.${digits.slice(before)}`, more.places)
          : word(digits, cat(repeat(more.digit, missing, missing), more.fraction));
    const power = exponent(before - 1, before - 1);
    const scientific =
      behind === ''
        ? word(digits, cat(more.fraction, power))
        : word(`${digits[0]}.${behind}`, cat(more.places, power));
    return [plain, scientific];
  };

  /** Spellings that equal `x`. */
  const equalWords = (x: Decimal): readonly Word[] =>
    x.digits === '' ? zeroWords : wordsOf(x, x.digits, x.point, exactly);

  /** As below, of a short number: somewhat more, by less work. */
  const wordsNear = (x: Decimal): readonly Word[] => {
    if (toDouble(x) === 0) return zeroWords;
    const first = BigInt(x.digits.padEnd(EXACT, '0'));
    const below = String(first - 1n);
    // below a power of ten there are nines only
    const isPower = below.length < EXACT;
    return [
      ...equalWords(x),
      ...wordsOf(x, String(first), x.point, andMore),
      ...wordsOf(x, isPower ? '9'.repeat(EXACT) : below, isPower ? x.point - 1 : x.point, andMore),
    ];
  };

  /**
   * Spellings that readers which have doubles may take for one of the values: those that equal it, and those that differ behind many
   * digits only.
   */
  const near = (values: readonly Decimal[]): Term => {
    const isLong = (x: Decimal) => x.digits.length > SHORT && toDouble(x) !== 0;
    const long = values.filter(isLong).map(x => {
      const [from, to] = halfway(x);
      const sizes = terms.and(sizeFrom(from), terms.not(sizeFrom(to)));
      return x.negative ? cat(minus, sizes) : sizes;
    });
    return alt(among(values.filter(x => !isLong(x)).flatMap(wordsNear)), ...long);
  };
  const outsideOf = (inside: Term): Term => terms.and(any, terms.not(inside));
  const divide = (inside: Term): Division => ({
    inside: terms.confine(inside, any),
    outside: outsideOf(inside),
  });
  const atLeastTerm = (x: Decimal): Term => {
    if (!x.negative && x.digits !== '') return sizeFrom(x);
    const smaller = cat(minus, terms.and(size, terms.not(sizeFrom(x))));
    return alt(size, smaller, among(equalWords(x)));
  };

  /** Sizes that are whole neither as decimals nor as doubles. */
  const fractional = (): Term =>
    alt(
      terms.concat(repeat(digit, 1, EXACT), point, bytes(1, 8), places),
      terms.concat(text('0.0'), zeros, bytes(1, 9), places),
      ...SPLITS.map(([before, behind]) =>
        terms.concat(repeat(digit, 1, before), point, terms.and(repeat(digit, 1, behind), terms.not(zeros))),
      ),
    );

  const wholeNumbers = (): Division => {
    const scientificWhole = alt(
      cat(bytes(1, 9), exponent(0, EXPONENTS[1])),
      cat(mantissa(9), exponent(9, EXPONENTS[1])),
      cat(mantissa(MANTISSA), exponent(MANTISSA, EXPONENTS[1])),
    );
    return {
      inside: terms.confine(cat(optional(minus), alt(cat(whole, noFraction), scientificWhole)), any),
      outside: terms.and(any, cat(optional(minus), fractional())),
    };
  };
  let integers: Division | undefined;
  const multiples: Multiples = new Map();
  return {
    any,
    integer: () => {
      integers ??= draft4 ? divide(cat(optional(minus), whole)) : wholeNumbers();
      return integers;
    },
    atLeast: remembered(bound => {
      const inside = atLeastTerm(bound);
      return { inside: terms.confine(inside, any), outside: outsideOf(alt(inside, near([bound]))) };
    }),
    moreThan: remembered(bound => {
      const most = atLeastTerm(bound);
      const inside = terms.and(most, terms.not(near([bound])));
      return {
        inside: terms.confine(inside, any),
        outside: outsideOf(terms.and(most, terms.not(among(equalWords(bound))))),
      };
    }),
    oneOf: values => ({
      inside: terms.confine(among(values.flatMap(equalWords)), any),
      outside: outsideOf(near(values)),
    }),
    multipleOf: divisor => {
      const places = Math.max(0, divisor.digits.length - divisor.point);
      const scaled = Number(divisor.digits.padEnd(divisor.point, '0'));
      if (scaled > MAX_DIVISOR || places > PLACES) throw new LimitError('it has too many digits');
      const machine = terms.machine(remainders(multiples, scaled, places), 0);
      const short = alt(text('0'), cat(bytes(1, 9), repeat(digit, 0, MOST_DIGITS - 1)));
      const decimal = cat(optional(minus), short, fraction);
      const exact = alt(
        repeat(digit, 1, EXACT),
        ...SPLITS.map(([before, behind]) =>
          terms.concat(repeat(digit, 1, before), point, repeat(digit, 1, behind)),
        ),
      );
      terms.confine(decimal, any);
      return {
        inside: terms.and(decimal, machine),
        outside: terms.and(decimal, cat(optional(minus), exact), terms.not(machine)),
      };
    },
  };
}

/** Schemas ask for the same bounds again and again. */
function remembered(divide: (bound: Decimal) => Division): (bound: Decimal) => Division {
  const known = new Map<string, Division>();
  return bound => {
    const key = canonical(bound);
    const division = known.get(key) ?? divide(bound);
    known.set(key, division);
    return division;
  };
}

/** Of a size. */
const toDouble = ({ digits, point }: Decimal): number => Number(`0.${digits}e${point}`);

/** Digits of the decimals below. */
const KEPT = 25;

/** Decimals (without sign) no nearer than halfway to the doubles beside that of `x`: none below the first and from the second on is read as `x`. */
function halfway(x: Decimal): readonly [Decimal, Decimal] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, toDouble(x));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> 52n);
  const mantissa = (bits & (2n ** 52n - 1n)) + (exponent > 0 ? 2n ** 52n : 0n);
  const power = Math.max(exponent, 1) - 1077;
  const decimal = (quarters: bigint, more: bigint): Decimal => {
    const all = String(power < 0 ? quarters * 5n ** BigInt(-power) : quarters << BigInt(power));
    const kept = String(BigInt(all.slice(0, KEPT).padEnd(KEPT, '0')) + more);
    return {
      negative: false,
      digits: kept.replace(/0+$/, ''),
      point: all.length + Math.min(0, power) + kept.length - KEPT,
    };
  };
  // below a power of two they lie twice as near
  const before = mantissa === 2n ** 52n ? 1n : 2n;
  return [decimal(4n * mantissa - before, 0n), decimal(4n * mantissa + 2n, 1n)];
}

/**
 * Decimals that are multiples of `divisor` / 10^`places`, with at most 15 digits before the point. A state holds the remainder, the
 * digits behind the point (−1 before it) and those before it; digits behind the last place must be zeros. From every state a
 * multiple can be reached.
 */
function remainders(made: Multiples, divisor: number, places: number): Machine {
  const known = made.get(`${divisor},${places}`);
  if (known) return known.machine;
  const width = places + 2;
  const modulus = BigInt(divisor);
  const read = (state: number) => ({
    digits: state % 16,
    seen: (Math.floor(state / 16) % width) - 1,
    remainder: BigInt(Math.floor(state / 16 / width)),
  });

  /** Texts after which the number is a multiple: for every count of digits the least and the greatest. */
  const completions = (state: number, first: boolean): string[] => {
    const { digits, seen, remainder } = read(state);
    const texts: string[] = [];
    const add = (before: string, count: number, unit: bigint): void => {
      if (first && texts.length > 0) return;
      const size = 10n ** BigInt(count);
      const step = modulus / gcd(modulus, unit);
      // No zero leads a longer number.
      const least = digits === 0 && before === '' && count > 1 ? size / 10n : 0n;
      const missing = least + ((step - ((remainder * size + least) % step)) % step);
      if (missing >= size) return;
      const last = missing + ((size - 1n - missing) / step) * step;
      for (const value of new Set([missing, last]))
        texts.push(before + (count > 0 ? String(value).padStart(count, '0') : ''));
    };
    const behind = Math.max(0, seen);
    if (seen < 0)
      for (let count = 0; count <= MOST_DIGITS - digits; count++) add('', count, 10n ** BigInt(places));
    for (let count = 0; count <= places - behind; count++) {
      if (seen >= 0 || count > 0) add(seen < 0 ? '.' : '', count, 10n ** BigInt(places - behind - count));
    }
    return texts;
  };

  const completable = new Map<number, boolean>();
  const next = (remainder: bigint, seen: number, digits: number): number => {
    const state = (Number(remainder) * width + seen + 1) * 16 + digits;
    let possible = completable.get(state);
    if (possible === undefined) {
      possible = completions(state, true).length > 0;
      completable.set(state, possible);
    }
    return possible ? state : -1;
  };

  const machine: Machine = {
    alphabet: [...'0123456789-.'].map(char => char.charCodeAt(0)),
    step(state, byte) {
      const { digits, seen, remainder } = read(state);
      if (byte === 0x2d) return state;
      if (byte === 0x2e) return seen < 0 ? next(remainder, 0, digits) : -1;
      const value = byte - 0x30;
      if (seen === places) return value === 0 ? state : -1;
      if (seen < 0 && digits === MOST_DIGITS) return -1;
      const behind = seen < 0 ? -1 : seen + 1;
      return next((remainder * 10n + BigInt(value)) % modulus, behind, seen < 0 ? digits + 1 : digits);
    },
    accepts(state) {
      const { seen, remainder } = read(state);
      return (remainder * 10n ** BigInt(places - Math.max(0, seen))) % modulus === 0n;
    },
    ends: state =>
      completions(state, false)
        .flatMap(text => [text, `-${text}`])
        .map(text => new TextEncoder().encode(text)),
    meet: other => {
      const second = [...made.values()].find(one => one.machine === other);
      if (!second) return undefined;
      let shift = Math.max(places, second.places);
      const a = modulus * 10n ** BigInt(shift - places);
      const b = BigInt(second.divisor) * 10n ** BigInt(shift - second.places);
      let both = (a / gcd(a, b)) * b;
      for (; shift > 0 && both % 10n === 0n; shift--) both /= 10n;
      return both > MAX_DIVISOR ? undefined : remainders(made, Number(both), shift);
    },
  };
  made.set(`${divisor},${places}`, { machine, divisor, places });
  return machine;
}

type Multiples = Map<
  string,
  { readonly machine: Machine; readonly divisor: number; readonly places: number }
>;

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
