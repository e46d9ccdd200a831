/**
 * Regular languages over bytes as interned terms, and their deterministic automata by derivatives, built lazily.
 * Intersection and complement are ordinary terms. See Owens, Reppy, Turon: "Regular-expression derivatives re-examined" (2009).
 */
import { LimitError } from './error.ts';

/** Index of an interned term in its store; equal terms have equal indices. */
export type Term = number;
/** The language without any text, and the one with the empty text only. */
export const NEVER: Term = 0;
export const EPSILON: Term = 1;

/** 256 bits, one per byte. */
export type ByteSet = Uint32Array;

/** An automaton given by hand: `step` and `accepts` over numbered states. Only the bytes in `alphabet` may lead on. */
export interface Machine {
  readonly alphabet: readonly number[];
  /** The next state, or −1. */
  step(state: number, byte: number): number;
  accepts(state: number): boolean;
}

type Node =
  | { readonly kind: 'never' | 'epsilon' }
  | { readonly kind: 'set'; readonly set: ByteSet }
  | { readonly kind: 'cat'; readonly left: Term; readonly right: Term }
  | { readonly kind: 'alt' | 'and'; readonly parts: readonly Term[] }
  | { readonly kind: 'not'; readonly of: Term }
  | { readonly kind: 'repeat'; readonly of: Term; readonly min: number; readonly max: number }
  | { readonly kind: 'machine'; readonly machine: Machine; readonly state: number };

const ALL_BYTES = new Uint32Array(8).fill(0xffffffff);
const has = (set: ByteSet, byte: number): boolean => ((set[byte >> 5] >>> (byte & 31)) & 1) === 1;
/** Limits per grammar. */
const MAX_TERMS = 300_000;
const MAX_SEARCH = 4_000;
const MAX_ROWS = 6_000;

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

export function byteRange(from: number, to: number): ByteSet {
  const set = new Uint32Array(8);
  for (let byte = from; byte <= to; byte++) set[byte >> 5] |= 1 << (byte & 31);
  return set;
}

/** The terms of one grammar. */
export class Terms {
  private readonly nodes: Node[] = [];
  private readonly nullables: boolean[] = [];
  /** Whether the term is free of intersections and complements, and so is not empty. */
  private readonly plain: boolean[] = [];
  private readonly firsts: ByteSet[] = [];
  private readonly liveness: number[] = [];
  private readonly ranges = new Map<number, Term>();
  private readonly byKey = new Map<string, Term>();
  private readonly rows: (Int32Array | undefined)[] = [];
  private rowCount = 0;
  private readonly machineIds = new Map<Machine, number>();
  private runOf: Term = NEVER;
  private runTail: Term = NEVER;
  /** Every text. */
  readonly all: Term;

  constructor() {
    this.intern('never', { kind: 'never' }, false, true, new Uint32Array(8));
    this.intern('epsilon', { kind: 'epsilon' }, true, true, new Uint32Array(8));
    this.all = this.not(NEVER);
  }

  get size(): number {
    return this.nodes.length;
  }

  private intern(key: string, node: Node, nullable: boolean, plain: boolean, first: ByteSet): Term {
    const id = this.nodes.length;
    if (id >= MAX_TERMS) throw new LimitError('its automata grow too large');
    this.byKey.set(key, id);
    this.nodes.push(node);
    this.nullables.push(nullable);
    this.plain.push(plain);
    this.firsts.push(first);
    this.liveness.push(id === NEVER ? 2 : plain || nullable ? 1 : 0);
    this.rows.push(undefined);
    return id;
  }

  nullable(term: Term): boolean {
    return this.nullables[term];
  }

  set(set: ByteSet): Term {
    const [a, b, c, d, e, f, g, h] = set;
    if ((a | b | c | d | e | f | g | h) === 0) return NEVER;
    const key = `s${a},${b},${c},${d},${e},${f},${g},${h}`;
    return this.byKey.get(key) ?? this.intern(key, { kind: 'set', set }, false, true, set);
  }

  bytes(from: number, to: number = from): Term {
    const at = from * 256 + to;
    let term = this.ranges.get(at);
    if (term === undefined) {
      term = this.set(byteRange(from, to));
      this.ranges.set(at, term);
    }
    return term;
  }

  /** The bytes of ASCII text, one after the other. */
  text(ascii: string): Term {
    let term = EPSILON;
    for (let i = ascii.length - 1; i >= 0; i--) term = this.cat(this.bytes(ascii.charCodeAt(i)), term);
    return term;
  }

  cat(left: Term, right: Term): Term {
    if (left === NEVER || right === NEVER) return NEVER;
    if (left === EPSILON) return right;
    if (right === EPSILON) return left;
    const node = this.nodes[left];
    if (node.kind === 'cat') return this.cat(node.left, this.cat(node.right, right));
    const key = `c${left},${right}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const first = this.nullables[left] ? union(this.firsts[left], this.firsts[right]) : this.firsts[left];
    const nullable = this.nullables[left] && this.nullables[right];
    return this.intern(
      key,
      { kind: 'cat', left, right },
      nullable,
      this.plain[left] && this.plain[right],
      first,
    );
  }

  concat(...parts: readonly Term[]): Term {
    return parts.reduceRight((right, left) => this.cat(left, right), EPSILON);
  }

  alt(...terms: readonly Term[]): Term {
    if (terms.length === 2) {
      if (terms[0] === NEVER || terms[0] === terms[1]) return terms[1];
      if (terms[1] === NEVER) return terms[0];
    }
    const parts = new Set<Term>();
    let bytes: ByteSet | undefined;
    const add = (term: Term): void => {
      const node = this.nodes[term];
      if (node.kind === 'alt') for (const part of node.parts) add(part);
      else if (node.kind === 'set') bytes = bytes ? union(bytes, node.set) : node.set;
      else if (term !== NEVER) parts.add(term);
    };
    for (const term of terms) add(term);
    if (parts.has(this.all)) return this.all;
    if (bytes) parts.add(this.set(bytes));
    this.absorb(parts, 'and');
    const list = [...parts].sort((a, b) => a - b);
    if (list.length === 0) return NEVER;
    if (list.length === 1) return list[0];
    const key = `|${list.join()}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const first = list.map(part => this.firsts[part]).reduce((x, y) => union(x, y));
    const nullable = list.some(part => this.nullables[part]);
    return this.intern(
      key,
      { kind: 'alt', parts: list },
      nullable,
      list.every(part => this.plain[part]),
      first,
    );
  }

  and(...terms: readonly Term[]): Term {
    const parts = new Set<Term>();
    const add = (term: Term): void => {
      const node = this.nodes[term];
      if (node.kind === 'and') for (const part of node.parts) add(part);
      else if (term !== this.all) parts.add(term);
    };
    for (const term of terms) add(term);
    if (parts.has(NEVER)) return NEVER;
    this.absorb(parts, 'alt');
    this.joinRuns(parts);
    if (parts.has(NEVER)) return NEVER;
    const list = [...parts].sort((a, b) => a - b);
    if (list.length === 0) return this.all;
    if (list.length === 1) return list[0];
    // x ∩ ¬x is empty, and x ∩ ¬(x ∩ y) is x ∩ ¬y.
    for (const part of list) {
      const node = this.nodes[part];
      if (node.kind !== 'not') continue;
      if (parts.has(node.of)) return NEVER;
      const inner = this.nodes[node.of];
      if (inner.kind !== 'and' || !inner.parts.some(x => parts.has(x))) continue;
      const rest = this.and(...inner.parts.filter(x => !parts.has(x)));
      parts.delete(part);
      return this.and(...parts, this.not(rest));
    }
    const key = `&${list.join()}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const first = list.map(part => this.firsts[part]).reduce((x, y) => intersection(x, y));
    const nullable = list.every(part => this.nullables[part]);
    if (!nullable && first.every(word => word === 0)) return NEVER;
    return this.intern(key, { kind: 'and', parts: list }, nullable, false, first);
  }

  /** x ∪ (x ∩ y) = x and x ∩ (x ∪ y) = x. */
  private absorb(parts: Set<Term>, kind: 'alt' | 'and'): void {
    if (parts.size < 2) return;
    for (const part of parts) {
      const node = this.nodes[part];
      if (node.kind === kind && (node as { parts: readonly Term[] }).parts.some(x => parts.has(x)))
        parts.delete(part);
    }
  }

  not(of: Term): Term {
    const node = this.nodes[of];
    if (node.kind === 'not') return node.of;
    const key = `!${of}`;
    return (
      this.byKey.get(key) ?? this.intern(key, { kind: 'not', of }, !this.nullables[of], false, ALL_BYTES)
    );
  }

  /** `of`, `min` to `max` times; `max` may be Infinity. */
  repeat(of: Term, min: number, max: number): Term {
    if (max === 0 || of === EPSILON) return EPSILON;
    if (of === NEVER) return min === 0 ? EPSILON : NEVER;
    if (min === 1 && max === 1) return of;
    const least = this.nullables[of] ? 0 : min;
    const key = `*${of},${least},${max}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    return this.intern(
      key,
      { kind: 'repeat', of, min: least, max },
      least === 0,
      this.plain[of],
      this.firsts[of],
    );
  }

  optional(of: Term): Term {
    return this.alt(EPSILON, of);
  }

  machine(machine: Machine, state: number): Term {
    let id = this.machineIds.get(machine);
    if (id === undefined) {
      id = this.machineIds.size;
      this.machineIds.set(machine, id);
    }
    const key = `m${id},${state}`;
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const first = new Uint32Array(8);
    for (const byte of machine.alphabet) first[byte >> 5] |= 1 << (byte & 31);
    return this.intern(key, { kind: 'machine', machine, state }, machine.accepts(state), false, first);
  }

  /** What may follow `byte` in the texts of `term`. */
  derive(term: Term, byte: number): Term {
    if (!has(this.firsts[term], byte)) return NEVER;
    const node = this.nodes[term];
    switch (node.kind) {
      case 'never':
      case 'epsilon':
        return NEVER;
      case 'set':
        return EPSILON;
      case 'cat': {
        const stay = this.cat(this.derive(node.left, byte), node.right);
        return this.nullables[node.left] ? this.alt(stay, this.derive(node.right, byte)) : stay;
      }
      case 'alt': {
        const parts: Term[] = [];
        for (const part of node.parts) if (has(this.firsts[part], byte)) parts.push(this.derive(part, byte));
        return parts.length === 1 ? parts[0] : this.alt(...parts);
      }
      case 'and': {
        const parts: Term[] = [];
        for (const part of node.parts) {
          const next = this.derive(part, byte);
          if (next === NEVER) return NEVER;
          parts.push(next);
        }
        return this.and(...parts);
      }
      case 'not':
        return this.not(this.derive(node.of, byte));
      case 'repeat':
        return this.cat(
          this.derive(node.of, byte),
          this.repeat(node.of, Math.max(0, node.min - 1), node.max - 1),
        );
      case 'machine': {
        const next = node.machine.step(node.state, byte);
        return next < 0 ? NEVER : this.machine(node.machine, next);
      }
      default:
        node satisfies never;
        return NEVER;
    }
  }

  /** The sets that decide what the first byte leads to. */
  private splits(term: Term, sets: Set<ByteSet>): void {
    const node = this.nodes[term];
    if (node.kind === 'set') sets.add(node.set);
    else if (node.kind === 'cat') {
      this.splits(node.left, sets);
      if (this.nullables[node.left]) this.splits(node.right, sets);
    } else if (node.kind === 'alt' || node.kind === 'and')
      for (const part of node.parts) this.splits(part, sets);
    else if (node.kind === 'not' || node.kind === 'repeat') this.splits(node.of, sets);
    else if (node.kind === 'machine')
      for (const byte of node.machine.alphabet) sets.add(byteRange(byte, byte));
  }

  /** Bytes that lead to one and the same term share a class. */
  private classes(term: Term): { readonly classOf: Uint16Array; readonly classes: number } {
    const sets = new Set<ByteSet>();
    this.splits(term, sets);
    const classOf = new Uint16Array(256);
    let classes = 1;
    for (const set of sets) {
      const inside = new Int16Array(classes).fill(-1);
      const outside = new Int16Array(classes).fill(-1);
      let count = 0;
      for (let byte = 0; byte < 256; byte++) {
        const table = (set[byte >> 5] >>> (byte & 31)) & 1 ? inside : outside;
        const old = classOf[byte];
        if (table[old] < 0) table[old] = count++;
        classOf[byte] = table[old];
      }
      classes = count;
    }
    return { classOf, classes };
  }

  /** For every byte the term that follows, NEVER where no text can be completed. */
  row(term: Term): Int32Array {
    const known = this.rows[term];
    if (known) return known;
    if (++this.rowCount > MAX_ROWS) {
      this.rows.fill(undefined);
      this.rowCount = 1;
    }
    const { classOf, classes } = this.classes(term);
    const targets = new Int32Array(classes).fill(-1);
    const row = new Int32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      const at = classOf[byte];
      if (targets[at] < 0) {
        const next = this.derive(term, byte);
        targets[at] = this.live(next) ? next : NEVER;
      }
      row[byte] = targets[at];
    }
    this.rows[term] = row;
    return row;
  }

  /** Whether the term has any text. */
  live(term: Term): boolean {
    if (this.liveness[term] !== 0) return this.liveness[term] === 1;
    if (WITNESSES.some(bytes => this.matches(term, bytes))) {
      this.liveness[term] = 1;
      return true;
    }
    const from = new Map<Term, Term>([[term, -1]]);
    const queue = [term];
    for (let at = 0; at < queue.length; at++) {
      const here = queue[at];
      if (this.liveness[here] === 1) {
        for (let step = here; step >= 0; step = from.get(step)!) this.liveness[step] = 1;
        return true;
      }
      if (this.liveness[here] === 2) continue;
      if (queue.length > MAX_SEARCH) throw new LimitError('its patterns are too large together');
      for (const next of this.successors(here)) {
        if (!from.has(next)) {
          from.set(next, here);
          queue.push(next);
        }
      }
    }
    for (const dead of queue) this.liveness[dead] = 2;
    return false;
  }

  private successors(term: Term): Set<Term> {
    const next = new Set<Term>();
    const { classOf, classes } = this.classes(term);
    const seen = new Uint8Array(classes);
    for (let byte = 0; byte < 256; byte++) {
      if (seen[classOf[byte]] || !has(this.firsts[term], byte)) continue;
      seen[classOf[byte]] = 1;
      next.add(this.derive(term, byte));
    }
    next.delete(NEVER);
    return next;
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
      const row = this.row(here);
      for (let byte = 0; byte < 256; byte++) {
        const next = row[byte];
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
      const row = this.row(at).slice();
      for (let byte = 0; byte < 256 && total < limit; byte++)
        if (row[byte] !== NEVER) total += visit(row[byte]);
      open.delete(at);
      const result = Math.min(total, limit);
      memo.set(at, result);
      return result;
    };
    return this.live(term) ? visit(term) : 0;
  }

  /** Names the character and the end of which strings are made, so that bounds on their length stay one term. */
  setRuns(of: Term, tail: Term): void {
    this.runOf = of;
    this.runTail = tail;
  }

  /** The number of characters that `term` still asks for before the end; absent where it asks for more than a number. */
  asRun(term: Term): { readonly min: number; readonly max: number } | undefined {
    if (term === this.runTail) return { min: 0, max: 0 };
    const node = this.nodes[term];
    if (node.kind !== 'cat' || node.right !== this.runTail) return undefined;
    if (node.left === this.runOf) return { min: 1, max: 1 };
    const left = this.nodes[node.left];
    return left.kind === 'repeat' && left.of === this.runOf ? left : undefined;
  }

  /**
   * How many characters of any kind may follow, whatever they are: Infinity also where only a finite number of texts is left out.
   * −1 where it depends on the characters.
   */
  freedom(term: Term): number {
    const run = this.asRun(term);
    if (run) return run.max;
    const node = this.nodes[term];
    if (node.kind === 'alt') {
      const each = node.parts.map(part => this.freedom(part));
      const most = Math.max(...each);
      return most < Number.POSITIVE_INFINITY && each.includes(-1) ? -1 : most;
    }
    if (node.kind !== 'and') return -1;
    const free = node.parts.every(part => {
      const inner = this.nodes[part];
      return inner.kind === 'not'
        ? this.finite(inner.of)
        : this.asRun(part)?.max === Number.POSITIVE_INFINITY;
    });
    return free ? Number.POSITIVE_INFINITY : -1;
  }

  /** Whether the term is seen to have a finite number of texts. */
  private finite(term: Term): boolean {
    const node = this.nodes[term];
    switch (node.kind) {
      case 'cat':
        return this.finite(node.left) && this.finite(node.right);
      case 'alt':
        return node.parts.every(part => this.finite(part));
      case 'and':
        return node.parts.some(part => this.finite(part));
      case 'repeat':
        return node.max < Number.POSITIVE_INFINITY && this.finite(node.of);
      default:
        return node.kind === 'never' || node.kind === 'epsilon' || node.kind === 'set';
    }
  }

  private run(min: number, max: number): Term {
    return min > max ? NEVER : this.cat(this.repeat(this.runOf, min, max), this.runTail);
  }

  /** The intersection of runs is a run; so it is behind an opening quote. */
  private joinRuns(parts: Set<Term>): void {
    if (parts.size < 2 || this.runTail === NEVER) return;
    for (const opened of [false, true]) {
      const found: Term[] = [];
      let min = 0;
      let max = Number.POSITIVE_INFINITY;
      for (const part of parts) {
        const node = this.nodes[part];
        const inner = !opened ? part : node.kind === 'cat' && node.left === this.runTail ? node.right : NEVER;
        const run = inner === NEVER ? undefined : this.asRun(inner);
        if (!run) continue;
        found.push(part);
        min = Math.max(min, run.min);
        max = Math.min(max, run.max);
      }
      if (found.length < 2) continue;
      for (const part of found) parts.delete(part);
      const run = this.run(min, max);
      parts.add(opened ? this.cat(this.runTail, run) : run);
    }
  }
}

function union(a: ByteSet, b: ByteSet): ByteSet {
  const both = new Uint32Array(8);
  for (let i = 0; i < 8; i++) both[i] = a[i] | b[i];
  return both;
}

function intersection(a: ByteSet, b: ByteSet): ByteSet {
  const both = new Uint32Array(8);
  for (let i = 0; i < 8; i++) both[i] = a[i] & b[i];
  return both;
}
