/** An object in another spelling (see `spelling.ts`), read as the JSON that it stands for. */
import { beginning, createCharacters, type Grammar, nameOf, patternTerm, type Term } from '@tabllama/grammar';
import type { Quotes, Spelling } from './spelling.ts';
import {
  advance,
  keyOf,
  type Place,
  type Symbols,
  said,
  say,
  startOf,
  type Then,
  type Way,
  type Ways,
} from './way.ts';

export interface SpelledOptions {
  readonly grammar: Grammar;
  readonly spelling: Spelling;
  encode(text: string): Symbols;
  /** The ways behind the object. */
  readonly next: Then;
}

/** How a name or a text is written that JSON has in quotes. */
interface Quoting {
  readonly key: string;
  readonly closes: readonly Symbols[];
  readonly escapes?: Quotes['escapes'];
  /** What closes it in JSON. */
  readonly json: string;
  /** The ways behind it: `before` its closing quote, and `after`. */
  behind(before: Place, after: Place): Ways;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How a byte of a text stands in JSON. */
const SPELLED = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return byte < 0x80 ? JSON.stringify(char).slice(1, -1) : char;
});

/** Whether a byte of a text stands otherwise in JSON, or does more there than stand in it. */
const isDelicate = (byte: number): boolean => byte < 0x20 || byte === QUOTE || byte === BACKSLASH;

/**
 * The ways to begin the object.
 * @param id of it among all that is read
 */
export function createSpelled(id: string, { grammar, spelling, encode, next }: SpelledOptions): Then {
  const { states, terms } = grammar;
  const { quotes, words = {}, bareNames, names } = spelling;
  const [before, is, after, between, close] = [
    spelling.before,
    spelling.is,
    spelling.after,
    spelling.between,
    spelling.close,
  ].map(texts => texts.map(encode));
  const characters = createCharacters(terms, beginning().characters);
  const patterns = new Map<string, Term>();
  /** The place where what follows an opening quote has a match of the pattern, or none; undefined where nothing can. */
  const narrow = (at: Place, pattern: string, matches: boolean): Place | undefined => {
    const term = patterns.get(pattern) ?? patternTerm(terms, characters, pattern);
    patterns.set(pattern, term);
    const state = states.narrowed(at.state, terms.next(matches ? term : terms.not(term), QUOTE));
    return state && { ...at, state };
  };
  const never = spelling.never.map(text => text.replace(/[|/\\^$.*+?()[\]{}-]/g, '\\$&')).join('|');

  /** Behind some JSON; undefined where it does not fit. */
  const feed = (from: Place, json: string): Place | undefined => {
    let at = from;
    for (let i = 0; i < json.length; i++) {
      const wasText = at.from !== undefined;
      const read = advance(at, json.charCodeAt(i));
      const allowed = read && !wasText && read.from !== undefined ? narrow(read, never, false) : read;
      if (!allowed) return undefined;
      at = allowed;
    }
    return at;
  };
  const keyed = (at: Place, what: string): string | undefined => {
    const key = keyOf(at);
    return key && `${id} ${what} ${key}`;
  };

  /** In a name or a text. */
  const inside = (at: Place, how: Quoting): Way => {
    const firsts = how.closes.map(([first]) => first);
    return {
      key: keyed(at, how.key),
      inside: {
        place: at,
        odd: { key: `in ${firsts}`, has: byte => isDelicate(byte) || firsts.includes(byte) },
        isText: true,
      },
      step(symbol) {
        const closes = how.closes.filter(([first]) => first === symbol);
        const closed = closes.length > 0 ? feed(at, how.json) : undefined;
        const ends = closed
          ? closes.flatMap(([, ...rest]) =>
              said(rest, keyed(at, `${how.key} ${rest}`), () => how.behind(at, closed)),
            )
          : [];
        // a mark of one symbol is the end wherever it stands
        if (symbol < 0 || closes.some(text => text.length === 1)) return ends;
        if (how.escapes && symbol === BACKSLASH) return [...ends, ...escaped(at, how)];
        const read = feed(at, SPELLED[symbol]);
        return read ? [...ends, inside(read, how)] : ends;
      },
    };
  };
  /** Behind a backslash. */
  const escaped = (at: Place, how: Quoting): Ways => {
    const read = new Map(
      Object.entries(how.escapes!).flatMap(([char, of]): [number, Place][] => {
        const place = feed(at, SPELLED[of.charCodeAt(0)]);
        return place ? [[char.charCodeAt(0), place]] : [];
      }),
    );
    const step = (symbol: number): Ways => {
      const place = read.get(symbol);
      return place ? [inside(place, how)] : [];
    };
    return read.size > 0 ? [{ key: keyed(at, `${how.key}\\`), step }] : [];
  };

  const inName: Quoting = {
    key: 'name',
    closes: is,
    json: '":',
    behind: (at, closed) => begin(closed, nameOf(at.json.slice(at.from))),
  };
  const inBare: Quoting = { key: 'bare', closes: after, json: '"', behind: (_, closed) => args(closed) };
  const texts = (quotes ?? []).map(({ open, close, escapes }, i) => ({
    open: encode(open),
    how: {
      key: `text${i}`,
      closes: [encode(close)],
      escapes,
      json: '"',
      behind: (_: Place, closed: Place) => value(closed),
    },
  }));

  /** Behind all of an argument, or before the first. */
  const args = (at: Place, isFirst = false): Ways => {
    const ended = feed(at, '}');
    const opened = feed(at, isFirst ? '"' : ',"');
    const named = opened && narrow(opened, names, true);
    const name = () => say(before, keyed(at, 'name of'), () => (named ? [inside(named, inName)] : []));
    return [
      ...(ended ? say(close, keyed(at, 'close'), next) : []),
      ...(!named ? [] : isFirst ? name() : say(between, keyed(at, 'next'), name)),
    ];
  };

  /** The value of the argument of that name. */
  const begin = (at: Place, name: string): Ways => {
    if (!spelling.bare) return value(at);
    const { starts, not } = spelling.bare(name);
    const opened = feed(at, '"');
    const text = opened && narrow(opened, not, false);
    return [...(text ? [inside(text, inBare)] : []), asItIs(at, starts)];
  };

  /** Within or behind the value of an argument. */
  const value = (at: Place): Ways => {
    const { isOuter, isBehind, awaits } = standing(at);
    const isWhole = isOuter && !awaits && at.from === undefined && (feed(at, ',') || feed(at, '}'));
    const ended = isWhole ? say(after, keyed(at, 'after'), () => args(at)) : [];
    if (isOuter && isBehind) return ended;
    const ways = [...ended, asItIs(at)];
    const opened = awaits ? feed(at, '"') : undefined;
    if (opened && awaits === 'name' && bareNames) {
      const named = narrow(opened, names, true);
      return named ? [...ways, inside(named, inName)] : ways;
    }
    for (const { open, how } of opened ? texts : []) {
      ways.push(...said(open, keyed(at, `open ${how.key}`), () => [inside(opened!, how)]));
    }
    for (const [word, json] of awaits === 'value' ? Object.entries(words) : []) {
      const read = feed(at, json);
      if (read) ways.push(...said(encode(word), keyed(at, word), () => value(read)));
    }
    return ways;
  };

  /** JSON as it is, as far as the value goes. */
  const asItIs = (at: Place, starts?: string): Way => ({
    key: keyed(at, `JSON ${starts}`),
    inside:
      at.from === undefined ? undefined : { place: at, odd: { key: 'in', has: isDelicate }, isText: true },
    step(symbol) {
      const char = String.fromCharCode(symbol);
      if (symbol < 0 || (starts && !starts.includes(char)) || (quotes && symbol === QUOTE)) return [];
      const read = feed(at, char);
      return read && standing(read).isInValue ? value(read) : [];
    },
  });

  const start = feed(startOf(grammar), '{');
  return () => (start ? args(start, true) : []);
}

/** Where a place stands. The alternatives that it follows differ in what they allow, not in that. */
function standing({ state }: Place) {
  const [{ at, frame, gap }] = state.threads;
  const depth = frame?.depth ?? 0;
  const isOpen = at === 'open' || at === 'next';
  return {
    /** In the object that is spelled, and in nothing within it. */
    isOuter: depth === 1,
    isBehind: at === 'after',
    isInValue: depth > 1 || at === 'scalar' || (at === 'after' && gap === 0),
    awaits: isOpen && frame?.kind === 'object' ? 'name' : at === 'value' || isOpen ? 'value' : undefined,
  };
}
