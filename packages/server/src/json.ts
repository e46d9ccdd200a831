/**
 * Reads one JSON value the way Go's `encoding/json` decoder does: the same texts are accepted, the same words tell what is wrong, and
 * what stands after the value is left alone. Bytes in, values out; objects keep every key in its order, so that a reader can decide
 * about doubled keys and about case. Not recursive: nesting is a stranger's.
 */
import { quoteRune } from './go-text.ts';

/** A number as it was written. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object as it was written: keys may come twice. */
export class JsonObject {
  /** Bytes of its text, blanks included. */
  size = 0;
  readonly entries: [key: string, value: Json][] = [];
}

export type Json = null | boolean | string | JsonNumber | Json[] | JsonObject;

/** Bytes that are no JSON; the message is Go's. */
export class JsonError extends Error {}

const MAX_DEPTH = 10_000; // Go's
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The first JSON value of the bytes, or undefined where there is nothing but white space. Throws JsonError. */
export function parseJson(bytes: Uint8Array): Json | undefined {
  const start = skipSpace(bytes, 0);
  return start === bytes.length ? undefined : new Parser(bytes, start).value();
}

/** The JSON value that a text is, and nothing else. Throws JsonError. */
export function parseWhole(text: string): Json {
  return new Parser(new TextEncoder().encode(text), 0, 'unexpected end of JSON input').whole();
}

class Parser {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #tooShort: string;

  constructor(bytes: Uint8Array, at: number, tooShort = 'unexpected EOF') {
    this.#bytes = bytes;
    this.#at = at;
    this.#tooShort = tooShort;
  }

  value(): Json {
    const open: (Json[] | JsonObject)[] = [];
    for (;;) {
      let value = this.#scalarOrOpening();
      if (value instanceof JsonObject || Array.isArray(value)) {
        open.push(value);
        if (open.length > MAX_DEPTH) throw this.#unexpected('exceeded max depth', -1);
        this.#space();
        const closing = value instanceof JsonObject ? '}' : ']';
        if (this.#peek() !== closing) {
          if (value instanceof JsonObject) this.#key(value);
          continue;
        }
        this.#close(open);
      }
      // A value is complete: put it where it belongs, and close what closes after it.
      for (;;) {
        const outer = open.at(-1);
        if (outer === undefined) return value;
        if (outer instanceof JsonObject) outer.entries.at(-1)![1] = value;
        else outer.push(value);
        this.#space();
        const char = this.#peek();
        if (char === ',') {
          this.#at++;
          this.#space();
          if (outer instanceof JsonObject) this.#key(outer);
          break;
        }
        if (char !== (outer instanceof JsonObject ? '}' : ']')) {
          throw this.#unexpected(
            outer instanceof JsonObject ? 'after object key:value pair' : 'after array element',
          );
        }
        this.#close(open);
        value = outer;
      }
    }
  }

  /** Steps over the bracket at the end of the innermost value. */
  #close(open: (Json[] | JsonObject)[]): void {
    this.#at++;
    const closed = open.pop();
    if (closed instanceof JsonObject) closed.size += this.#at;
  }

  whole(): Json {
    const value = this.value();
    this.#space();
    if (this.#peek() !== '') throw this.#unexpected('after top-level value');
    return value;
  }

  /** A key and its colon; the value comes later and takes the place of null. */
  #key(object: JsonObject): void {
    if (this.#peek() !== '"') throw this.#unexpected('looking for beginning of object key string');
    object.entries.push([this.#string(), null]);
    this.#space();
    if (this.#peek() !== ':') throw this.#unexpected('after object key');
    this.#at++;
  }

  #scalarOrOpening(): Json {
    this.#space();
    const char = this.#peek();
    switch (char) {
      case '{': {
        const object = new JsonObject();
        object.size = -this.#at++; // until it is closed
        return object;
      }
      case '[':
        this.#at++;
        return [];
      case '"':
        return this.#string();
      case 't':
        return this.#literal('true', true);
      case 'f':
        return this.#literal('false', false);
      case 'n':
        return this.#literal('null', null);
      default:
        if (char === '-' || isDigit(char)) return this.#number();
        throw this.#unexpected('looking for beginning of value');
    }
  }

  #literal<T extends Json>(text: string, value: T): T {
    for (const char of text) {
      if (this.#peek() !== char) throw this.#unexpected(`in literal ${text} (expecting '${char}')`);
      this.#at++;
    }
    return value;
  }

  #number(): JsonNumber {
    const start = this.#at;
    if (this.#peek() === '-') this.#at++;
    if (this.#peek() === '0') this.#at++;
    else this.#digits('in numeric literal');
    if (this.#peek() === '.') {
      this.#at++;
      this.#digits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.#peek())) {
      this.#at++;
      if (/[+-]/.test(this.#peek())) this.#at++;
      this.#digits('in exponent of numeric literal');
    }
    return new JsonNumber(utf8.decode(this.#bytes.subarray(start, this.#at)));
  }

  #digits(where: string): void {
    if (!isDigit(this.#peek())) throw this.#unexpected(where);
    while (isDigit(this.#peek())) this.#at++;
  }

  #string(): string {
    const start = ++this.#at;
    let escaped = false;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === 0x22) break;
      if (byte === undefined || byte < 0x20) throw this.#unexpected('in string literal');
      this.#at++;
      if (byte !== 0x5c) continue;
      escaped = true;
      const char = this.#peek();
      if (!/["\\/bfnrtu]/.test(char)) throw this.#unexpected('in string escape code');
      this.#at++;
      for (let i = 0; char === 'u' && i < 4; i++, this.#at++) {
        if (!/[0-9a-fA-F]/.test(this.#peek())) {
          throw this.#unexpected('in \\u hexadecimal character escape');
        }
      }
    }
    const text = utf8.decode(this.#bytes.subarray(start, this.#at));
    this.#at++;
    // The syntax is checked, so the platform may do the unescaping. Half a surrogate pair becomes U+FFFD, as in Go.
    return escaped ? (JSON.parse(`"${text}"`) as string).toWellFormed() : text;
  }

  #space(): void {
    this.#at = skipSpace(this.#bytes, this.#at);
  }

  /** The byte here as a character, empty at the end. */
  #peek(): string {
    return this.#at < this.#bytes.length ? String.fromCharCode(this.#bytes[this.#at]) : '';
  }

  #unexpected(where: string, back = 0): JsonError {
    const byte = this.#bytes[this.#at + back];
    return new JsonError(
      byte === undefined ? this.#tooShort : `invalid character ${quoteRune(byte)} ${where}`,
    );
  }
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  while (i < bytes.length && isSpace(bytes[i])) i++;
  return i;
}

const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (char: string) => char >= '0' && char <= '9';
