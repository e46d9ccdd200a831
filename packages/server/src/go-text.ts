/** Texts as Go writes them: quoted strings, JSON, durations and times. Only what Ollama's answers are made of. */
import { escapeRune } from '@tabllama/chat';

export { quote, toJson } from '@tabllama/chat';

/** A byte as `encoding/json` names it in its errors: quoted as the character of that number. */
export function quoteRune(byte: number): string {
  const char = String.fromCharCode(byte);
  return char === "'" ? "'\\''" : `'${escapeRune(char)}'`;
}

/** A number that is an f32 as the shortest one that rounds to the same f32; any other as it is. */
export function shortestFloat(value: number): number {
  if (Number.isInteger(value) || Math.fround(value) !== value) return value;
  for (let digits = 1; ; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short; // nine digits always do
  }
}

/** RFC 3339 in UTC, without zeros at the end of the fraction. */
export function utcTime(date: Date): string {
  return date.toISOString().replace(/\.?0+Z$/, 'Z');
}

/** RFC 3339 in local time with its offset; `Z` where that is zero. */
export function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset();
  const local = utcTime(new Date(date.getTime() + offset * 60_000));
  if (offset === 0) return local;
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0');
  return local.replace(
    'Z',
    `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`,
  );
}

const unitNs = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** Milliseconds of a duration such as `1h30m`, a whole number of nanoseconds. Throws an Error in the words of `time.ParseDuration`. */
export function parseDuration(text: string): number {
  const quoted = quoteTime(text);
  const invalid = () => new Error(`time: invalid duration ${quoted}`);
  const isNegative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let ns = 0n;
  while (rest !== '') {
    const [all, number, unit] = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^0-9.]*)/.exec(rest) ?? [];
    if (all === undefined) throw invalid();
    if (unit === '') throw new Error(`time: missing unit in duration ${quoted}`);
    const scale = unitNs.get(unit);
    if (scale === undefined) throw new Error(`time: unknown unit ${quoteTime(unit)} in duration ${quoted}`);
    const [whole, fraction = ''] = number.replace(/^0+/, '').split('.');
    if (whole.length > 19) throw invalid();
    ns += BigInt(whole) * scale + BigInt(Math.trunc(Number(`0.${fraction}`) * Number(scale)));
    rest = rest.slice(all.length);
  }
  if (ns > 2n ** 63n - (isNegative ? 0n : 1n)) throw invalid(); // Go counts in 64 bits
  return Number(isNegative ? -ns : ns) / 1e6;
}

/** A text as Go's package `time` quotes it: what is no visible ASCII as its bytes. */
function quoteTime(text: string): string {
  const bytes = (char: string) => encodeURIComponent(char).toLowerCase().replaceAll('%', '\\x');
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[^ -\x7f]/gu, bytes)}"`;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
