/** Questions about the languages of terms: is there any text, which, how many; and automata without dead ends. */
import { Derivatives } from './derivatives.ts';
import { LimitError } from './error.ts';
import { isPlain, NEVER, type Term } from './term.ts';

export { EPSILON, type Machine, NEVER, type Term } from './term.ts';

const MAX_SEARCH = 4_000;
/** Bytes of a text that is looked for as a short one, or the states met on the way. */
const MAX_SHORT = 100;
/** Of a term whose texts are tried one by one. */
const MAX_TEXTS = 64;

const QUOTE = 0x22;
/** Bytes that others are likely to allow as well. */
const LIKELY = [0x61, 0x30];

/** Each byte from there on as a char code. */
export function charsOf(bytes: Uint8Array, from = 0): string {
  let chars = '';
  for (let i = from; i < bytes.length; i++) chars += String.fromCharCode(bytes[i]);
  return chars;
}

export class Terms extends Derivatives {
  readonly #short = new Map<Term, Uint8Array | undefined>();

  /** A store that begins with the terms of this one, which must not grow any more: every term in it is to be `close`d. */
  fork(): Terms {
    return new Terms(this);
  }

  /** Computes all that can follow the terms so far. */
  close(): void {
    for (let term = 0; term < this.size; term++) {
      this.live(term);
      for (const byte of this.row(term).bytes) this.next(term, byte);
    }
  }

  /** The term behind `byte`, NEVER where no text can be completed. */
  next(term: Term, byte: number): Term {
    const next = this.derive(term, byte);
    return next === NEVER || this.live(next) ? next : NEVER;
  }

  /** The bytes that a text of the term may begin with, or more. */
  begins(term: Term): readonly number[] {
    return this.sets.members(this.nodes[term].first);
  }

  /** Whether the term has any text. */
  live(term: Term): boolean {
    const known = this.nodes[term].live;
    if (known !== 'unknown') return known === 'live';
    if (term !== NEVER && (isPlain(this.nodes[term]) || this.nodes[term].nullable)) {
      this.nodes[term].live = 'live';
      return true;
    }
    const live = term !== NEVER && this.#isLive(term);
    this.nodes[term].live = live ? 'live' : 'dead';
    return live;
  }

  #isLive(term: Term): boolean {
    const { kind, left, right, parts } = this.nodes[term];
    if (kind === 'alt') return parts.some(part => this.live(part));
    if (kind === 'cat') return this.live(left) && this.live(right);
    if (kind === 'repeat') return this.live(left);
    const { first } = this.nodes[term];
    const holds = (bytes: Uint8Array): boolean =>
      (bytes.length === 0 || this.sets.has(first, bytes[0])) && this.matches(term, bytes);
    if (kind === 'and') {
      const strings = parts.map(part => this.stringsOf(part)).find(strings => strings !== undefined);
      if (strings && strings.texts.length <= MAX_TEXTS)
        return strings.texts.some(text => holds(Uint8Array.from(text, byte => byte.charCodeAt(0))));
    }
    if (this.#isPassed(term)) return false;
    return this.#ends(term).some(holds) || this.#candidates(parts).some(holds) || this.#search(term);
  }

  /** Whether nothing is left but for what a machine counts, as behind a bound that is passed: a search would visit all that it may count. */
  #isPassed(term: Term): boolean {
    const { kind, parts } = this.nodes[term];
    if (kind !== 'and') return false;
    const rest = parts.filter(part => !this.hasMachine(part));
    return rest.length < parts.length && !this.live(this.and(...rest));
  }

  /** Texts of the parts, and one that holds all of them one behind the other. */
  #candidates(parts: readonly Term[]): readonly Uint8Array[] {
    const texts = parts
      .filter(part => isPlain(this.nodes[part]))
      .map(part => this.#shortest(part))
      .filter(text => text !== undefined);
    if (texts.length < 2) return texts;
    const quoted = texts.every(text => text[0] === QUOTE);
    const joined = texts.flatMap((text, i) => [...text.subarray(quoted && i > 0 ? 1 : 0, -1)]);
    return [...texts, Uint8Array.of(...joined, QUOTE)];
  }

  /** The bytes of a shortest text, at least as many as its characters; infinite where that is not found soon. */
  wait(term: Term): number {
    return this.#shortest(term)?.length ?? Number.POSITIVE_INFINITY;
  }

  /** A text of the term, one of the shortest; absent where there is none, or it is not found soon. */
  #shortest(term: Term): Uint8Array | undefined {
    if (this.#short.has(term)) return this.#short.get(term);
    const { least } = this.nodes[term];
    let text: Uint8Array | undefined;
    if (least < 0) text = this.#path(term, MAX_SHORT);
    else if (least <= MAX_SHORT) text = this.#spellShortest(term, least);
    this.#short.set(term, text);
    return text;
  }

  /** A text of a plain term, of its `least` bytes. */
  #spellShortest(term: Term, least: number): Uint8Array {
    const bytes: number[] = [];
    const open = [term];
    while (bytes.length < least) {
      const { kind, left, right, min, parts } = this.nodes[open.pop()!];
      if (kind === 'strings') {
        const text = this.lists[left].texts.reduce((a, b) => (b.length < a.length ? b : a));
        for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i));
      } else if (kind === 'set')
        bytes.push(LIKELY.find(byte => this.sets.has(left, byte)) ?? this.sets.members(left)[0]);
      else if (kind === 'cat') open.push(right, left);
      else if (kind === 'repeat') for (let i = 0; i < min; i++) open.push(left);
      else if (kind === 'alt')
        open.push(parts.reduce((a, b) => (this.nodes[b].least < this.nodes[a].least ? b : a)));
    }
    return Uint8Array.from(bytes);
  }

  #ends(term: Term): readonly Uint8Array[] {
    const { kind, left, right, parts } = this.nodes[term];
    if (kind === 'machine') return this.machines[left].ends(right);
    return kind === 'and' || kind === 'alt' ? parts.flatMap(part => this.#ends(part)) : [];
  }

  /**
   * Looks for a text. It goes on in turns from what was met last, which soon leads to an end where there is one (by the quote before
   * all, which ends strings), and from what was met first. What is met on the way is decided with it.
   */
  #search(term: Term): boolean {
    const from = new Map<Term, Term>([[term, -1]]);
    const open = [term];
    for (let first = 0, turn = false; open.length > first; turn = !turn) {
      const here = turn ? open[first++] : open.pop()!;
      const known = this.nodes[here].live;
      if (known === 'live' || this.nodes[here].nullable || (isPlain(this.nodes[here]) && here !== NEVER)) {
        for (let step = here; step >= 0; step = from.get(step)!) this.nodes[step].live = 'live';
        return true;
      }
      if (known === 'dead' || this.#isPassed(here)) continue;
      if (from.size > MAX_SEARCH) throw new LimitError('its patterns are too large together');
      const { bytes, classOf } = this.row(here);
      const quote = classOf[QUOTE];
      for (let i = bytes.length - 1; i >= 0; i--) if (i !== quote) this.#meet(here, bytes[i], from, open);
      this.#meet(here, bytes[quote], from, open);
    }
    for (const dead of from.keys()) this.nodes[dead].live = 'dead';
    return false;
  }

  #meet(here: Term, byte: number, from: Map<Term, Term>, open: Term[]): void {
    const next = this.derive(here, byte);
    if (next === NEVER || from.has(next)) return;
    from.set(next, here);
    open.push(next);
  }

  /** One of the shortest texts of a live term. */
  witness(term: Term): Uint8Array {
    const found = this.#path(term, MAX_SEARCH);
    if (!found) throw new LimitError('its patterns are too large together');
    return found;
  }

  #path(term: Term, most: number): Uint8Array | undefined {
    const from = new Map<Term, { readonly before: Term; readonly byte: number }>();
    const queue = [term];
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at];
      if (this.nodes[here].nullable) {
        const bytes: number[] = [];
        for (let step = from.get(here); step; step = from.get(step.before)) bytes.push(step.byte);
        return Uint8Array.from(bytes.reverse());
      }
      if (queue.length > most) break;
      for (const byte of this.row(here).bytes) {
        const next = this.next(here, byte);
        if (next === NEVER || next === term || from.has(next)) continue;
        from.set(next, { before: here, byte });
        queue.push(next);
      }
    }
    return undefined;
  }

  /** `from`: of the bytes from there on. Makes no terms where it can do without. */
  matches(term: Term, bytes: Uint8Array, from = 0): boolean {
    let state = term;
    for (let i = from; i < bytes.length; i++) {
      const { kind, left, parts } = this.nodes[state];
      if (kind === 'strings') return this.lists[left].has(charsOf(bytes, i));
      if (kind === 'and') {
        for (const part of parts) if (!this.matches(part, bytes, i)) return false;
        return true;
      }
      if (kind === 'not') return !this.matches(left, bytes, i);
      state = this.derive(state, bytes[i]);
      if (state === NEVER) return false;
    }
    return this.nodes[state].nullable;
  }

  /** How many texts there are, at most `limit`. */
  count(term: Term, limit: number): number {
    const memo = new Map<Term, number>();
    const open = new Set<Term>();
    const visit = (at: Term): number => {
      const known = memo.get(at);
      if (known !== undefined) return known;
      if (open.has(at)) return limit;
      if (open.size > 2000) return limit;
      open.add(at);
      let total = this.nodes[at].nullable ? 1 : 0;
      for (const byte of this.begins(at)) {
        if (total >= limit) break;
        const next = this.next(at, byte);
        if (next !== NEVER) total += visit(next);
      }
      open.delete(at);
      const result = Math.min(total, limit);
      memo.set(at, result);
      return result;
    };
    return this.live(term) ? visit(term) : 0;
  }
}
