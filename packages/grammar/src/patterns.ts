/**
 * Patterns to terms over whole JSON strings. The quotes serve as the ends of the text: `^` is the opening quote and `$` the closing
 * one, so that anchors may stand anywhere. A node is built together with what follows it, so that a look-ahead is an intersection.
 */
import type { Characters } from './characters.ts';
import { type Pattern, PatternError, parsePattern } from './pattern-syntax.ts';
import { EPSILON, NEVER, type Term, type Terms } from './terms.ts';

const OPENING = 0x02;

/** Whether the opening (closing) quote lies right before (behind) a node: then another anchor there is the empty text. */
type Anchored = 'yes' | 'no' | 'maybe';
interface Place {
  readonly start: Anchored;
  readonly end: Anchored;
}

/**
 * The strings, quotes included, in which `source` finds a match.
 * @throws {PatternError} What is not regular, or not supported.
 */
export function patternTerm(terms: Terms, characters: Characters, source: string): Term {
  const { any, quote, rest } = characters;
  // A byte that no text holds, so that "^" does not take the closing quote for the opening one.
  const opening = terms.bytes(OPENING);
  const string = terms.cat(opening, rest);
  const anything = terms.repeat(any, 0, Infinity);
  const tree = parsePattern(source);
  const started = terms.cat(opening, anything);
  const ended = terms.cat(anything, quote);
  const before = terms.optional(started);
  const after = terms.optional(ended);

  function build(node: Pattern, next: Term, place: Place): Term {
    switch (node.kind) {
      case 'class':
        return terms.cat(characters.of(node.ranges), next);
      case 'start':
      case 'end':
        if (place[node.kind] === 'maybe') throw new PatternError('an anchor beside another optional one');
        return place[node.kind] === 'yes' ? next : terms.cat(node.kind === 'start' ? opening : quote, next);
      case 'alt':
        return terms.alt(...node.parts.map(part => build(part, next, place)));
      case 'cat': {
        const starts = anchors(node.parts, 'start', place.start);
        const ends = anchors([...node.parts].reverse(), 'end', place.end).reverse();
        return node.parts.reduceRight(
          (tail, part, i) => build(part, tail, { start: starts[i], end: ends[i] }),
          next,
        );
      }
      case 'repeat': {
        if (!contains(node.of, ['start', 'end', 'look'])) {
          const body = build(node.of, EPSILON, { start: 'no', end: 'no' });
          return terms.cat(terms.repeat(body, node.min, node.max), next);
        }
        if (node.max === 1) return terms.alt(node.min === 1 ? NEVER : next, build(node.of, next, place));
        // Only the first round can be at the start, only the last one at the end; the others go without.
        const [anchor, other] = contains(node.of, ['end'])
          ? (['end', 'start'] as const)
          : (['start', 'end'] as const);
        if (node.max < Infinity || node.min > 1 || contains(node.of, [other, 'look']))
          throw new PatternError('an assertion inside a repetition');
        const rounds = terms.repeat(
          build(without(node.of, anchor), EPSILON, { start: 'no', end: 'no' }),
          0,
          Infinity,
        );
        const rest = node.min === 1 ? NEVER : next;
        return anchor === 'end'
          ? terms.cat(rounds, terms.alt(rest, build(node.of, next, place)))
          : terms.alt(rest, build(node.of, terms.cat(rounds, next), place));
      }
      case 'look': {
        if (node.behind) throw new PatternError('a look-behind that is not at the end');
        if (contains(node.of, ['start']) && place.start !== 'yes')
          throw new PatternError('"^" inside a look-ahead');
        const seen = build(node.of, after, { start: place.start, end: 'no' });
        return terms.and(node.negative ? terms.not(seen) : seen, next);
      }
    }
  }

  /** One alternative of the whole pattern, with what may stand around the match. */
  function whole(node: Pattern): Term {
    if (node.kind === 'alt') return terms.alt(...node.parts.map(whole));
    const parts = node.kind === 'cat' ? node.parts : [node];
    const at = parts.findLastIndex(part => part.kind === 'look' && part.behind);
    // right before the end of the text it is a condition by itself
    if (at > 0 && parts[at + 1]?.kind === 'end')
      return terms.and(
        whole({ kind: 'cat', parts: parts.slice(at) }),
        whole({ kind: 'cat', parts: parts.toSpliced(at, 1) }),
      );
    const place: Place = { start: 'no', end: 'no' };
    if (at < 0) {
      const head = outside(parts, 'start');
      const tail = outside([...parts].reverse(), 'end');
      if (head === 'unknown' || tail === 'unknown' || contains(node, ['look'])) {
        return terms.and(string, terms.cat(before, build(node, after, place)));
      }
      // The match is a string as it is.
      const found = build(node, tail === 'nothing' ? EPSILON : ended, place);
      return head === 'nothing' ? found : terms.cat(started, found);
    }
    const look = parts[at] as Extract<Pattern, { kind: 'look' }>;
    const left = parts.slice(0, at);
    if (left.some(part => contains(part, ['look'])) || contains(look.of, ['look', 'start', 'end'])) {
      throw new PatternError('a look-behind beside other assertions');
    }
    const head = terms.cat(before, build({ kind: 'cat', parts: left }, EPSILON, place));
    const behind = terms.cat(started, build(look.of, EPSILON, place));
    const start = terms.and(started, head);
    const checked = terms.and(start, look.negative ? terms.not(behind) : behind);
    const right: Pattern = { kind: 'cat', parts: parts.slice(at + 1) };
    if (contains(right, ['start'])) throw new PatternError('"^" behind a look-behind');
    return terms.and(string, terms.cat(checked, build(right, after, place)));
  }

  return terms.confine(terms.cat(quote, terms.derive(whole(tree), OPENING)), characters.string);
}

/** What stands outside the match on one side: nothing where its only anchor comes first, the rest of the string without anchors. */
function outside(parts: readonly Pattern[], kind: 'start' | 'end'): 'nothing' | 'rest' | 'unknown' {
  const anchored = parts[0]?.kind === kind;
  const more = parts.slice(anchored ? 1 : 0).some(part => contains(part, [kind]));
  return more ? 'unknown' : anchored ? 'nothing' : 'rest';
}

function anchors(parts: readonly Pattern[], kind: 'start' | 'end', first: Anchored): Anchored[] {
  let state = first;
  return parts.map(part => {
    const here = state;
    if (part.kind === kind) state = 'yes';
    else if (part.kind !== 'look') {
      if (contains(part, [kind])) state = 'maybe';
      else if (!nullable(part)) state = 'no';
      else if (state === 'yes') state = 'maybe';
    }
    return here;
  });
}

function contains(node: Pattern, kinds: readonly Pattern['kind'][]): boolean {
  if (kinds.includes(node.kind)) return true;
  if (node.kind === 'cat' || node.kind === 'alt') return node.parts.some(part => contains(part, kinds));
  return (node.kind === 'repeat' || node.kind === 'look') && contains(node.of, kinds);
}

/** What is left of a node where an anchor cannot be. */
function without(node: Pattern, anchor: 'start' | 'end'): Pattern {
  if (node.kind === anchor) return { kind: 'alt', parts: [] };
  if (node.kind === 'cat' || node.kind === 'alt')
    return { kind: node.kind, parts: node.parts.map(part => without(part, anchor)) };
  return node.kind === 'repeat' ? { ...node, of: without(node.of, anchor) } : node;
}

function nullable(node: Pattern): boolean {
  switch (node.kind) {
    case 'class':
      return false;
    case 'alt':
      return node.parts.some(nullable);
    case 'cat':
      return node.parts.every(nullable);
    case 'repeat':
      return node.min === 0 || nullable(node.of);
    default:
      return true;
  }
}
