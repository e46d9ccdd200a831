/** Go's `fmt`: values as text, alone and by the verbs of a format. Source: https://pkg.go.dev/fmt */
import type { Budget } from '../limits.ts';
import { escapeRune, fromBytes, quote, toBytes } from './text.ts';
import { typeOf, type Value } from './values.ts';

/** As `fmt.Sprint`: a space between two operands neither of which is a string. */
export function print(values: readonly Value[], budget: Budget): string {
  let text = '';
  values.forEach((value, i) => {
    if (i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string') text += ' ';
    text += plain(value);
    budget.checkSize(text.length);
  });
  return text;
}

/** As `fmt.Sprintln`: always spaces, and a line end. */
export function println(values: readonly Value[], budget: Budget): string {
  const spaced = values.flatMap((value, i) => (i > 0 ? [' ', plain(value)] : [plain(value)]));
  return print([...spaced, '\n'], budget);
}

/** A value as `%v` prints it. */
export function plain(value: Value): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return float(value);
  if (typeof value !== 'object') return String(value);
  if (value.text) return value.text();
  switch (value.kind) {
    case 'list':
      return `[${value.items.map(plain).join(' ')}]`;
    case 'map':
      return `map[${[...value.entries].map(([key, one]) => `${key}:${plain(one)}`).join(' ')}]`;
    case 'struct':
      return `{${value.fields.map(field => plain(field.value)).join(' ')}}`;
  }
}

/** The shortest digits, with an exponent below 1e-4 and from 1e6. */
function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? goExponent(value.toExponential()) : String(value);
}

/** Go writes at least two digits of an exponent. */
const goExponent = (text: string) => text.replace(/e([+-])(\d)$/, 'e$10$2');

/** As `fmt.Sprintf`, with flags, width and precision; argument indexes are not known. */
export function printf(format: string, values: readonly Value[], budget: Budget): string {
  let next = 0;
  let total = format.length;
  const star = () => {
    const value = values[next++];
    return typeof value === 'bigint' && value >= -1_000_000n && value <= 1_000_000n
      ? Number(value)
      : undefined;
  };
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.|$)/gsu,
    (_, flags: string, width?: string, precision?: string, verb = '') => {
      let columns = width === '*' ? star() : Number(width ?? 0);
      const digits = precision === '*' ? star() : precision === undefined ? undefined : Number(precision);
      if (columns === undefined) return '%!(BADWIDTH)';
      let left = flags.includes('-');
      if (columns < 0) {
        left = true;
        columns = -columns;
      }
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const value = values[next++];
      const written = byVerb(value, verb, flags, digits);
      total += Math.max(columns, written.length);
      budget.checkSize(total);
      if (left) return written.padEnd(columns);
      const zeros = flags.includes('0') && typeof value !== 'string';
      const [, sign = '', rest = written] = zeros ? (/^([+-]?)(.*)$/s.exec(written) ?? []) : [];
      return zeros ? sign + rest.padStart(columns - sign.length, '0') : written.padStart(columns);
    },
  );
  if (next >= values.length) return text;
  const extra = values
    .slice(next)
    .flatMap((value, i) => [
      i > 0 ? ', ' : '%!(EXTRA ',
      value === null ? '<nil>' : `${typeOf(value)}=${plain(value)}`,
    ]);
  return print([text, ...extra, ')'], budget);
}

function byVerb(value: Value, verb: string, flags: string, digits: number | undefined): string {
  const bad = () => `%!${verb}(${value === null ? '<nil>' : `${typeOf(value)}=${plain(value)}`})`;
  if (verb === 'T') return value === null ? '<nil>' : typeOf(value);
  if (value === null) return verb === 'v' ? '<nil>' : bad();
  if (typeof value === 'object' && value.kind === 'list' && !value.text) {
    return `[${value.items.map(item => byVerb(item, verb, flags, digits)).join(' ')}]`;
  }
  const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const signed = (text: string) => (plus && !text.startsWith('-') ? plus + text : text);
  if (typeof value === 'bigint') return signed(integer(value, verb, flags) ?? bad());
  if (typeof value === 'number') return signed(real(value, verb, digits) ?? bad());
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? String(value) : bad();
  const text = plain(value);
  const cut = digits === undefined ? text : [...text].slice(0, digits).join('');
  switch (verb) {
    case 'v':
      return flags.includes('#') && typeof value === 'string' ? quote(cut) : cut;
    case 's':
      return cut;
    case 'q':
      return flags.includes('#') && !cut.includes('`') ? `\`${cut}\`` : quote(cut);
    case 'x':
    case 'X': {
      const hex = [...toBytes(cut)].map(byte => byte.toString(16).padStart(2, '0')).join('');
      return verb === 'x' ? hex : hex.toUpperCase();
    }
  }
  return bad();
}

function integer(value: bigint, verb: string, flags: string): string | undefined {
  const prefixed = (base: number, prefix: string) => {
    const digits = (value < 0n ? -value : value).toString(base);
    return `${value < 0n ? '-' : ''}${flags.includes('#') ? prefix : ''}${digits}`;
  };
  const char = value >= 0n && value <= 0x10ffffn ? String.fromCodePoint(Number(value)) : '\ufffd';
  switch (verb) {
    case 'd':
    case 'v':
      return String(value);
    case 'b':
      return prefixed(2, '0b');
    case 'o':
      return prefixed(8, '0');
    case 'x':
      return prefixed(16, '0x');
    case 'X':
      return prefixed(16, '0X').toUpperCase();
    case 'c':
      return fromBytes(toBytes(char));
    case 'q':
      return `'${char === "'" ? "\\'" : escapeRune(char)}'`;
    case 'U':
      return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return undefined;
}

function real(value: number, verb: string, digits: number | undefined): string | undefined {
  if (verb === 'v' && digits === undefined) return float(value);
  if (!Number.isFinite(value)) return /[vefgEFG]/.test(verb) ? float(value) : undefined;
  const places = Math.min(digits ?? 6, 100);
  switch (verb) {
    case 'f':
    case 'F':
      return value.toFixed(places);
    case 'e':
      return goExponent(value.toExponential(places));
    case 'E':
      return goExponent(value.toExponential(places)).toUpperCase();
    case 'v':
    case 'g':
    case 'G': {
      const text = digits === undefined ? float(value) : general(value, Math.max(1, places));
      return verb === 'G' ? text.toUpperCase() : text;
    }
  }
  return undefined;
}

/** `%.3g`: so many digits, without zeros at the end, with an exponent where there are more digits before the point. */
function general(value: number, precision: number): string {
  const exponent = Number(value.toExponential(precision - 1).split('e')[1]);
  if (exponent < -4 || exponent >= precision) {
    return goExponent(value.toExponential(precision - 1).replace(/\.?0+e/, 'e'));
  }
  return value
    .toFixed(Math.max(0, precision - 1 - exponent))
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}
