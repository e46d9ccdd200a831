/** Questions about the languages of terms: is there any text, which, how many; and automata without dead ends. */
import { Derivatives } from './derivatives.ts';
import { LimitError } from './error.ts';
import { NEVER, type Term } from './term-store.ts';

export { EPSILON, MAX_TERMS, type Machine, NEVER, type Term } from './term-store.ts';

const MAX_SEARCH = 4_000;

/** Ends of texts that are tried before a search. */
const WITNESSES = [
  '"',
  '~"',
  'a"',
  '0"',
  '"~~~~~"',
  '~~~~~"',
  '"a"',
  '0',
  '1',
  '00',
  '5',
  '10',
  '100',
  '1000',
].map(text => new TextEncoder().encode(text));

const QUOTE = 0x22;
const UNKNOWN = 0;
const LIVE = 1;
const DEAD = 2;

export class Terms extends Derivatives {
  private readonly liveness: number[];

  constructor(parent?: Terms) {
    super(parent);
    this.liveness = parent?.liveness.slice() ?? [];
  }

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
    return this.sets.members(this.firsts[term]);
  }

  /** Whether the term has any text. */
  live(term: Term): boolean {
    const known = this.liveness[term];
    if (known) return known === LIVE;
    if (term !== NEVER && (this.plain[term] || this.nullables[term])) {
      this.liveness[term] = LIVE;
      return true;
    }
    const live =
      term !== NEVER &&
      ([...WITNESSES, ...this.ends(term)].some(bytes => this.matches(term, bytes)) || this.search(term));
    this.liveness[term] = live ? LIVE : DEAD;
    return live;
  }

  private ends(term: Term): readonly Uint8Array[] {
    const { kind, left, right, parts } = this.nodes[term];
    if (kind === 'machine') return this.machines[left].ends(right);
    return kind === 'and' || kind === 'alt' ? parts.flatMap(part => this.ends(part)) : [];
  }

  /**
   * Looks for a text. It goes on in turns from what was met last, which soon leads to an end where there is one (by the quote before
   * all, which ends strings), and from what was met first. What is met on the way is decided with it.
   */
  private search(term: Term): boolean {
    const from = new Map<Term, Term>([[term, -1]]);
    const open = [term];
    for (let first = 0, turn = false; open.length > first; turn = !turn) {
      const here = turn ? open[first++] : open.pop()!;
      const known = this.liveness[here] ?? UNKNOWN;
      if (known === LIVE || this.nullables[here] || (this.plain[here] && here !== NEVER)) {
        for (let step = here; step >= 0; step = from.get(step)!) this.liveness[step] = LIVE;
        return true;
      }
      if (known === DEAD) continue;
      if (from.size > MAX_SEARCH) throw new LimitError('its patterns are too large together');
      const { bytes, classOf } = this.row(here);
      const quote = classOf[QUOTE];
      for (let i = bytes.length - 1; i >= 0; i--) if (i !== quote) this.meet(here, bytes[i], from, open);
      this.meet(here, bytes[quote], from, open);
    }
    for (const dead of from.keys()) this.liveness[dead] = DEAD;
    return false;
  }

  private meet(here: Term, byte: number, from: Map<Term, Term>, open: Term[]): void {
    const next = this.derive(here, byte);
    if (next === NEVER || from.has(next)) return;
    from.set(next, here);
    open.push(next);
  }

  /** One of the shortest texts of a live term. */
  witness(term: Term): Uint8Array {
    const from = new Map<Term, { readonly before: Term; readonly byte: number }>();
    const queue = [term];
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at];
      if (this.nullables[here]) {
        const bytes: number[] = [];
        for (let step = from.get(here); step; step = from.get(step.before)) bytes.push(step.byte);
        return Uint8Array.from(bytes.reverse());
      }
      if (queue.length > MAX_SEARCH) break;
      for (const byte of this.row(here).bytes) {
        const next = this.next(here, byte);
        if (next === NEVER || next === term || from.has(next)) continue;
        from.set(next, { before: here, byte });
        queue.push(next);
      }
    }
    throw new LimitError('its patterns are too large together');
  }

  matches(term: Term, bytes: Uint8Array): boolean {
    let state = term;
    for (const byte of bytes) {
      state = this.derive(state, byte);
      if (state === NEVER) return false;
    }
    return this.nullables[state];
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
      let total = this.nullables[at] ? 1 : 0;
      for (let byte = 0; byte < 256 && total < limit; byte++) {
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
