/** Ways to read what is written of a row, symbol by symbol. Where it may go on in several ways, each is followed. */
import type { Grammar, State, Text } from '@tabllama/grammar';

const QUOTE = 0x22;

/** Bytes, and −1 − id for a token that stands for none. */
export type Symbols = readonly number[];

export interface Way {
  /** Equal for ways that go on alike. Absent where that depends on all of the text. */
  readonly key: string | undefined;
  /** The ways behind a symbol. */
  step(symbol: number): Ways;
  /** Whether all is said. */
  readonly isOver?: boolean;
  /** Whether the answer may end in its place. */
  readonly mayEnd?: boolean;
  /** Where tokens do what they do in JSON, but for some. */
  readonly inside?: {
    readonly place: Place;
    readonly odd: Odd;
    /** Whether it is a string or a key, which the odd ones may end otherwise than JSON does. Else they may do what they do in JSON as well. */
    readonly isText: boolean;
  };
}
export type Ways = readonly Way[];
export type Then = () => Ways;

/** A place in the JSON that is meant. */
export interface Place {
  readonly grammar: Grammar;
  readonly state: State;
  /** What is read of it, a char code for each byte. */
  readonly json: string;
  /** In a string or a key, where that begins, behind its quote. */
  readonly from?: number;
}

/** Tokens that may do something else than in JSON: the rest of the vocabulary is not looked at one by one. */
export interface Odd {
  /** Of what `has` goes by. */
  readonly key: string;
  /** By a byte and, but for the first, the one before it. */
  has(byte: number, before: number | undefined): boolean;
}

export const startOf = (grammar: Grammar): Place => ({ grammar, state: grammar.states.start, json: '' });

/** Behind a byte; undefined where it cannot follow. */
export function advance({ grammar, state, json, from }: Place, byte: number): Place | undefined {
  const read = json + String.fromCharCode(byte);
  const next = grammar.states.step(state, byte, textOf(read));
  if (!next) return undefined;
  const begun = from ?? (byte === QUOTE ? read.length : undefined);
  return { grammar, state: next, json: read, from: next.rests.length > 0 ? begun : undefined };
}

/** Distinct for places at which different things may follow; undefined where that depends on all of the text. */
export function keyOf({ state, json, from }: Place): string | undefined {
  if (state.unique) return undefined;
  return state.key ? `${state.id} ${json.slice(from)}` : `${state.id}`;
}

const textOf = (json: string): Text => ({
  length: json.length,
  // looked at seldom
  get bytes() {
    return bytesOf(json);
  },
});
export function bytesOf(json: string): Uint8Array {
  const bytes = new Uint8Array(json.length);
  for (let i = 0; i < json.length; i++) bytes[i] = json.charCodeAt(i);
  return bytes;
}

/** One of some texts, and what comes behind it. */
export const say = (texts: readonly Symbols[], key: string | undefined, then: Then, mayEnd = false): Ways =>
  texts.flatMap((text, i) => said(text, key && `${key}/${i}`, then, mayEnd));

export function said(text: Symbols, key: string | undefined, then: Then, mayEnd = false): Ways {
  const [first, ...rest] = text;
  if (first === undefined) return then();
  return [
    {
      key: key && `${key}:${text.length}`,
      mayEnd,
      step: symbol => (symbol === first ? said(rest, key, then) : []),
    },
  ];
}
