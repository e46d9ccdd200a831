/** A text that grows token by token in one of some rows (see `spelling.ts`): which tokens may come next, as bits. */
import { buildTrie, limited, type Mask, maskAt, type Trie, type Vocabulary } from '@tabllama/grammar';
import { createSpelled } from './spelled.ts';
import type { Row } from './spelling.ts';
import {
  advance,
  bytesOf,
  keyOf,
  type Odd,
  type Place,
  type Symbols,
  say,
  startOf,
  type Then,
  type Way,
  type Ways,
} from './way.ts';

export interface RowMatcher {
  /**
   * Writes the tokens that may come next, as `Matcher` does, end tokens where the text may end. False where all is said.
   * @throws {GrammarError} What the text asks for passes the limits; so may `accept`.
   */
  mask(bits: Uint32Array): boolean;
  /** Takes a token in, or refuses it and stays as it was. */
  accept(token: number): boolean;
}

export interface RowOptions {
  readonly vocabulary: Vocabulary;
  /** A text as its bytes, and −1 − id for a token that stands for none. */
  encode(text: string): Symbols;
}

/** The odd tokens of a kind. */
interface OddTokens {
  readonly trie: Trie;
  readonly has: Uint32Array;
}

const MAX_MASKS = 500;
const MAX_ODD = 20;
const BLANKS = [0x20, 0x0a, 0x0d, 0x09];

/** Behind a row everything is free: its last token may go on with blanks. */
const over: Way = { key: 'over', isOver: true, step: symbol => (BLANKS.includes(symbol) ? [over] : []) };

/** Makes matchers of one of the rows, which share what they find. */
export function createRows(rows: readonly Row[], { vocabulary, encode }: RowOptions): () => RowMatcher {
  const { tokens, twin, endIds, trie } = vocabulary;
  /** The symbols of tokens that stand for no bytes. */
  const marks = new Set<number>();
  const symbolsOf = (text: string): Symbols => {
    const symbols = encode(text);
    for (const symbol of symbols) if (symbol < 0) marks.add(symbol);
    return symbols;
  };
  const ids = new Map<object, number>();
  const idOf = (of: object): number => {
    const id = ids.get(of) ?? ids.size;
    ids.set(of, id);
    return id;
  };

  /** The ways to begin what is spelled, by their ids. */
  const spelled = new Map<string, Then>();

  const begin = (row: Row, from: number, then: Then): Ways => {
    if (from === row.length) return then();
    const piece = row[from];
    const id = `${idOf(row)}.${from}`;
    const next = () => begin(row, from + 1, then);
    if (typeof piece === 'string') {
      const texts = [...new Set([piece, piece.trimStart()])].map(symbolsOf);
      return say(texts, id, next, from > 0 && typeof row[from - 1] !== 'string');
    }
    if ('some' in piece) {
      const one = () => piece.some.flatMap(other => begin(other, 0, more));
      const more = () => [...say(piece.between.map(symbolsOf), `${id},`, one), ...next()];
      return one();
    }
    const { grammar, spelling } = piece;
    if (spelling) {
      const start = spelled.get(id) ?? createSpelled(id, { grammar, spelling, encode: symbolsOf, next });
      spelled.set(id, start);
      return start();
    }
    return [jsonWay(id, startOf(grammar), beyond(next), next)];
  };

  const findMask = (way: Way): Mask => {
    const found: number[] = [];
    const walk = (within: Trie, from: number, to: number, ways: Ways): void => {
      const { byte, end, token } = within;
      for (let node = from; node < to; node = end[node]) {
        const next = stepAll(ways, byte[node]);
        if (next.length === 0) continue;
        for (let id = token[node]; id >= 0; id = twin[id]) found.push(id);
        walk(within, node + 1, end[node], next);
      }
    };
    for (const mark of marks) if (way.step(mark).length > 0) found.push(-1 - mark);
    const { inside } = way;
    const odd = inside && oddTokens(vocabulary, inside.odd);
    const among = odd?.trie ?? trie;
    walk(among, 0, among.byte.length, [way]);
    if (!inside || !odd) return { bits: undefined, tokens: found };
    const { place, isText } = inside;
    const { grammar, state, json } = place;
    const bits = new Uint32Array(odd.has.length);
    // of a name or a text all that counts is what may follow before its end, so that many places share a mask
    for (const at of isText ? state.rests.map(rest => grammar.states.string(rest)) : [state]) {
      const text = { bytes: bytesOf(json), length: json.length };
      const mask = maskAt(grammar, vocabulary, at, text);
      if (mask.bits) for (let i = 0; i < bits.length; i++) bits[i] |= mask.bits[i];
      for (const id of mask.tokens) bits[id >> 5] |= 1 << (id & 31);
    }
    if (isText) for (let i = 0; i < bits.length; i++) bits[i] &= ~odd.has[i];
    return { bits, tokens: found };
  };
  const masks = new Map<string, Mask>();
  const maskOf = (way: Way): Mask => {
    const known = way.key === undefined ? undefined : masks.get(way.key);
    if (known) return known;
    const mask = findMask(way);
    if (masks.size >= MAX_MASKS) masks.clear();
    if (way.key !== undefined) masks.set(way.key, mask);
    return mask;
  };
  const symbolsIn = (token: number): Symbols => {
    const bytes = tokens.bytes.subarray(tokens.offsets[token], tokens.offsets[token + 1]);
    return bytes.length > 0 ? [...bytes] : [-1 - token];
  };

  return () => {
    let ways: Ways = rows.flatMap(row => begin(row, 0, () => [over]));
    return {
      mask(bits) {
        if (ways.some(({ isOver }) => isOver)) return false;
        bits.fill(0);
        limited(() => {
          for (const way of ways) {
            const mask = maskOf(way);
            if (mask.bits) for (let i = 0; i < mask.bits.length; i++) bits[i] |= mask.bits[i];
            for (const id of way.mayEnd ? [...mask.tokens, ...endIds] : mask.tokens)
              bits[id >> 5] |= 1 << (id & 31);
          }
        });
        return true;
      },
      accept(token) {
        if (endIds.includes(token)) return ways.some(({ mayEnd }) => mayEnd);
        const next = limited(() => symbolsIn(token).reduce(stepAll, ways));
        if (next.length > 0) ways = next;
        return next.length > 0;
      },
    };
  };
}

/** To find them all vocabulary is looked at, so they are kept for the next request. */
const oddOf = new WeakMap<Vocabulary, Map<string, OddTokens>>();

function oddTokens(vocabulary: Vocabulary, { key, has }: Odd): OddTokens {
  const known = oddOf.get(vocabulary) ?? new Map<string, OddTokens>();
  oddOf.set(vocabulary, known);
  let found = known.get(key);
  if (!found) {
    const { size, sorted, tokens } = vocabulary;
    const { bytes, offsets } = tokens;
    const bits = new Uint32Array((size + 31) >> 5);
    const odd = sorted.filter(id => {
      for (let at = offsets[id]; at < offsets[id + 1]; at++) {
        if (!has(bytes[at], at > offsets[id] ? bytes[at - 1] : undefined)) continue;
        bits[id >> 5] |= 1 << (id & 31);
        return true;
      }
      return false;
    });
    found = { trie: buildTrie(tokens, odd), has: bits };
    if (known.size >= MAX_ODD) known.clear();
    known.set(key, found);
  }
  return found;
}

/** JSON as it is, an object or an array: it is over with its last bracket. */
function jsonWay(id: string, at: Place, odd: Odd, then: Then): Way {
  const key = keyOf(at);
  return {
    key: key && `${id} ${key}`,
    inside: { place: at, odd, isText: false },
    step(symbol) {
      const next = symbol < 0 ? undefined : advance(at, symbol);
      if (!next) return [];
      return next.state.complete ? then() : [jsonWay(id, next, odd, then)];
    },
  };
}

/** Tokens with a bracket and what may come behind the value. */
function beyond(then: Then): Odd {
  const ways = then();
  const firsts = Array.from({ length: 256 }, (_, byte) => byte).filter(
    byte => stepAll(ways, byte).length > 0,
  );
  return {
    key: `behind ${firsts}`,
    has: (byte, before) => (before === 0x7d || before === 0x5d) && firsts.includes(byte),
  };
}

/** Without doubles. */
function stepAll(ways: Ways, symbol: number): Ways {
  const next = ways.length === 1 ? ways[0].step(symbol) : ways.flatMap((way): Ways => way.step(symbol));
  if (next.length < 2) return next;
  const keys = new Set<string>();
  return next.filter(({ key }) => {
    const isNew = key === undefined || !keys.has(key);
    if (key !== undefined) keys.add(key);
    return isNew;
  });
}
