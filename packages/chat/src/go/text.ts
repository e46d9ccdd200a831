/** Texts as Go reads and writes them: quoted strings, JSON, and lengths in bytes. */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export const toBytes = (text: string): Uint8Array => encoder.encode(text);
export const fromBytes = (bytes: Uint8Array): string => decoder.decode(bytes);

const named = new Map([
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);

/** A string as `%q` prints it. Source: `strconv.Quote`. */
export function quote(text: string): string {
  return `"${[...text].map(char => (char === '"' ? '\\"' : escapeRune(char))).join('')}"`;
}

/** A character as it stands in a quoted string. */
export function escapeRune(char: string): string {
  const short = named.get(char);
  if (short !== undefined) return short;
  const code = char.codePointAt(0)!;
  if (isPrintable(char)) return char;
  const hex = code.toString(16);
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`;
  return code > 0xffff ? `\\U${hex.padStart(8, '0')}` : `\\u${hex.padStart(4, '0')}`;
}

export const isPrintable = (char: string): boolean =>
  char === ' ' || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char);

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a quoted string or character of Go source, undefined where it is malformed. Source: `strconv.Unquote`. */
export function unquote(quoted: string): string | undefined {
  const mark = quoted[0];
  const inner = quoted.slice(1, -1);
  if (mark === '`') return inner.replaceAll('\r', '');
  const bytes: number[] = [];
  const push = (text: string) => {
    for (const byte of toBytes(text)) bytes.push(byte);
  };
  const pattern = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))|([^\\]+)/gsuy;
  let at = 0;
  for (const [all, byte, short, long, octal, letter, plain] of inner.matchAll(pattern)) {
    at += all.length;
    const code = Number.parseInt(short ?? long ?? '', 16);
    if (plain !== undefined) push(plain);
    else if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (letter !== undefined) {
      const char = escapes[letter];
      // each kind of quotes may be escaped in its own kind only
      if (char === undefined || (/['"]/.test(letter) && letter !== mark)) return undefined;
      push(char);
    } else if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return undefined;
    else push(String.fromCodePoint(code));
  }
  return at < inner.length ? undefined : fromBytes(Uint8Array.from(bytes));
}

/** A value as `json.Marshal` writes it: the characters that could end a script are escaped. */
export function toJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** By code points, as Go orders strings. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of surrogate pairs stand for characters beyond all others. */
const rank = (unit: number) => (unit < 0xd800 ? unit : unit > 0xdfff ? unit - 0x800 : unit + 0x2000);
