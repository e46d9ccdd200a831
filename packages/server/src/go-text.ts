/** Texts as Go writes them: quoted strings, JSON, durations and times. Only what Ollama's answers are made of. */
import { escapeRune, quote } from '@tabllama/chat';

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

const MAX_DURATION_MS = Number(2n ** 63n / 1_000_000n); // Go counts nanoseconds in 64 bits

const unitMs = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['μs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Milliseconds of a duration such as `1h30m`. Throws an Error in the words of `time.ParseDuration`. */
export function parseDuration(text: string): number {
  const invalid = () => new Error(`time: invalid duration ${quote(text)}`);
  const signed = /^[+-]/.test(text);
  let rest = signed ? text.slice(1) : text;
  if (rest === '0') return 0;
  if (rest === '') throw invalid();
  let ms = 0;
  while (rest !== '') {
    const [all, number, unit] = /^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([^0-9.]*)/.exec(rest) ?? [];
    if (all === undefined) throw invalid();
    if (unit === '') throw new Error(`time: missing unit in duration ${quote(text)}`);
    const scale = unitMs.get(unit);
    if (scale === undefined) throw new Error(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    ms += Number(number) * scale;
    rest = rest.slice(all.length);
  }
  if (ms > MAX_DURATION_MS) throw invalid();
  return text.startsWith('-') ? -ms : ms;
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
