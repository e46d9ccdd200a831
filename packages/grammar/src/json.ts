/** JSON with what `JSON.parse` loses: the order of keys that look like integers, and the digits of numbers (RFC 8259). */

/** A number as its sign, its digits without zeros at the ends, and the place of the point: ±0.digits × 10^point. Zero has no digits. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  readonly point: number;
}

export type Json = null | boolean | string | Decimal | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

const MAX_DEPTH = 500;

export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isDecimal(value: Json | undefined): value is Decimal {
  return typeof value === 'object' && value !== null && 'digits' in value;
}

export function parseDecimal(text: string): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) throw new SyntaxError(`${text} is not a number`);
  const [, sign, whole, fraction = '', exponent = '0'] = match;
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return { negative: false, digits: '', point: 0 };
  const leading = all.length - all.replace(/^0+/, '').length;
  return { negative: sign === '-', digits, point: whole.length - leading + Number(exponent) };
}

/** The whole number, when it is one of at most 15 digits. */
export function toInteger(value: Decimal): number | undefined {
  if (value.digits.length > value.point || value.point > 15) return undefined;
  const size = Number(value.digits.padEnd(value.point, '0') || '0');
  return value.negative ? -size : size;
}

/** What `JSON.parse` might not keep: a key like an integer, written so or escaped, more than 15 digits, an exponent; or what may look so. */
const DELICATE = /"\d+"\s*:|\\u003\d|(?:^|[:,[])\s*-?(?:[\d.]{16}|[\d.]+[eE])/;

/**
 * @throws {SyntaxError} Not JSON, or nested more than 500 deep.
 */
export function parseJson(text: string): Json {
  const parsed: unknown = JSON.parse(text); // says what is no JSON
  if (!DELICATE.test(text)) return toJson(parsed);
  // of what is JSON, the tokens tell all, without commas and colons
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\]]|[\w.+-]+/g) ?? [];
  let at = 0;
  const read = (token: string) =>
    token.startsWith('"') && !token.includes('\\') ? token.slice(1, -1) : JSON.parse(token);
  const value = (depth: number): Json => {
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
    const token = tokens[at++];
    if (token === '{') {
      const entries = new Map<string, Json>();
      while (tokens[at] !== '}') entries.set(read(tokens[at++]), value(depth + 1));
      at++;
      return entries;
    }
    if (token === '[') {
      const items: Json[] = [];
      while (tokens[at] !== ']') items.push(value(depth + 1));
      at++;
      return items;
    }
    return /^[-\d]/.test(token) ? parseDecimal(token) : read(token);
  };
  return value(0);
}

/** A plain value as `JSON.parse` gives it; what was parsed by `parseJson` passes unchanged. */
export function toJson(value: unknown, depth = 0): Json {
  if (depth > MAX_DEPTH) throw new SyntaxError(`nested more than ${MAX_DEPTH} deep`);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return parseDecimal(String(value));
  if (Array.isArray(value)) return value.map(item => toJson(item, depth + 1));
  if (value instanceof Map) return value as JsonObject;
  if (typeof value === 'object') {
    const object = new Map<string, Json>();
    for (const [key, x] of Object.entries(value)) if (x !== undefined) object.set(key, toJson(x, depth + 1));
    return object;
  }
  throw new SyntaxError(`${typeof value} is not JSON`);
}

/** Equal texts for equal values: the equality of JSON Schema (numbers by value, objects without order). */
export function canonical(value: Json): string {
  if (isDecimal(value)) return `${value.negative ? '-' : ''}0.${value.digits}e${value.point}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = [...value].map(([key, x]) => `${JSON.stringify(key)}:${canonical(x)}`);
  return `{${entries.sort().join()}}`;
}
