/**
 * Regular languages over bytes as interned terms: equal terms have equal ids. Intersection and complement are ordinary terms.
 * What may follow a byte is in `derivatives.ts`, questions about languages are in `terms.ts`.
 */
import { ALL_BYTES, ByteSets, NO_BYTES, type SetId } from './bytesets.ts';
import { LimitError } from './error.ts';
import {
  ascending,
  EPSILON,
  equal,
  isPlain,
  type Kind,
  LONG,
  type Machine,
  mix,
  mixAll,
  NEVER,
  NO_MORE,
  Node,
  ONE_MORE,
  type Run,
  Strings,
  type Term,
} from './term.ts';

export const MAX_TERMS = 300_000;
/** Bytes of strings in one list, and in all. */
const MAX_SPELLED = 250_000;
const MAX_LISTED = 2 ** 25;
/** Strings of which some are left out by a list without them. */
const MAX_FEW = 1000;
/** Lists of strings that are left out of one term. */
const MAX_OUT = 16;
/** A power of two. */
const BUCKETS = 2 ** 13;
const QUOTE = 0x22;
/** Bytes that stand unescaped in strings, each a character. */
const PLAIN = [
  [0x20, 0x21],
  [0x23, 0x5b],
  [0x5d, 0x7f],
] as const;

/** The terms of one grammar. Those of its parent come first; the parent must not grow any more. */
export class TermStore {
  readonly sets: ByteSets;
  protected readonly nodes: Node[];
  /** The newest term of each bucket, or −1; its node names the one before. */
  readonly #newest: Int32Array;
  protected readonly machines: Machine[];
  protected readonly lists: Strings[];
  /** Of strings, by all of them one behind the other. */
  readonly #ofStrings: Map<string, Term>;
  #listed = 0;
  /** How many of the terms are the parent's. */
  readonly #inherited: number;
  /** Intersections of two terms. */
  readonly #pairs = new Map<number, Term>();
  #runOf: Term;
  #runTail: Term;
  /** The bytes that are characters of a string by themselves. */
  readonly #plain: SetId;
  /** Any characters inside a string; these and the closing quote; these and both quotes. */
  #characters: Term;
  #rest: Term;
  #string: Term;
  /** Every text. */
  readonly all: Term;

  constructor(parent?: TermStore) {
    this.#newest = parent ? parent.#newest.slice() : new Int32Array(BUCKETS).fill(-1);
    this.#inherited = parent?.size ?? 0;
    this.sets = new ByteSets(parent?.sets);
    this.nodes = parent?.nodes.slice() ?? [];
    this.machines = parent?.machines.slice() ?? [];
    this.lists = parent?.lists.slice() ?? [];
    this.#ofStrings = new Map(parent ? parent.#ofStrings : []);
    this.#runOf = parent ? parent.#runOf : NEVER;
    this.#runTail = parent ? parent.#runTail : NEVER;
    this.#characters = parent ? parent.#characters : -1;
    this.#rest = parent ? parent.#rest : -1;
    this.#string = parent ? parent.#string : -1;
    this.#plain = PLAIN.reduce(
      (set, [from, to]) => this.sets.union(set, this.sets.range(from, to)),
      NO_BYTES,
    );
    if (!parent) {
      this.#intern(0, new Node('never'), false, LONG, NO_BYTES);
      this.#intern(0, new Node('epsilon'), true, 0, NO_BYTES);
    }
    this.all = parent?.all ?? this.not(NEVER);
  }

  get size(): number {
    return this.nodes.length;
  }

  nullable(term: Term): boolean {
    return this.nodes[term].nullable;
  }

  /** The newest term that may have this hash, or −1. */
  #find(hash: number): Term {
    return this.#newest[hash & (BUCKETS - 1)];
  }

  #intern(hash: number, made: Node, nullable: boolean, least: number, first: SetId): Term {
    const id = this.nodes.length;
    if (id >= MAX_TERMS) throw new LimitError('its automata grow too large');
    const bucket = hash & (BUCKETS - 1);
    made.nullable = nullable;
    made.least = least;
    made.first = first;
    made.bound = this.#boundOf(made);
    made.finite = this.#isFinite(made);
    made.older = this.#newest[bucket];
    this.nodes.push(made);
    this.#newest[bucket] = id;
    return id;
  }

  /** What is known of a term by what is known of its parts. */
  #boundOf({ kind, left, right, parts }: Node): Term {
    switch (kind) {
      case 'set':
        return this.sets.union(left, this.#plain) === this.#plain ? this.#characters : -1;
      case 'strings':
        return this.#string;
      case 'cat': {
        const { bound } = this.nodes[right];
        if (left === this.#runTail) return bound === this.#rest ? this.#string : -1;
        const isInside = bound === this.#rest || bound === this.#characters;
        return isInside && this.nodes[left].bound === this.#characters ? bound : -1;
      }
      case 'repeat':
        return this.nodes[left].bound === this.#characters ? this.#characters : -1;
      case 'alt': {
        const { bound } = this.nodes[parts[0]];
        return parts.every(part => this.nodes[part].bound === bound) ? bound : -1;
      }
      case 'and':
        return this.nodes[parts.find(part => this.nodes[part].bound >= 0) ?? parts[0]].bound;
      default:
        return -1;
    }
  }

  #isFinite({ kind, left, right, max, parts }: Node): boolean {
    const { nodes } = this;
    if (kind === 'cat') return nodes[left].finite && nodes[right].finite;
    if (kind === 'alt') return parts.every(part => nodes[part].finite);
    if (kind === 'repeat') return max < Number.POSITIVE_INFINITY && nodes[left].finite;
    return kind === 'never' || kind === 'epsilon' || kind === 'set' || kind === 'strings';
  }

  #set(set: SetId): Term {
    if (set === NO_BYTES) return NEVER;
    const hash = mix(2, set, 0);
    for (let at = this.#find(hash); at >= 0; at = this.nodes[at].older)
      if (this.nodes[at].kind === 'set' && this.nodes[at].left === set) return at;
    return this.#intern(hash, new Node('set', set), false, 1, set);
  }

  /** One of the bytes from `from` to `to`, both included. */
  bytes(from: number, to: number = from): Term {
    return this.#set(this.sets.range(from, to));
  }

  /** Bytes, each as a char code, one after the other, and what follows them. */
  text(bytes: string, tail = EPSILON): Term {
    let term = tail;
    for (let i = bytes.length - 1; i >= 0; i--) term = this.cat(this.bytes(bytes.charCodeAt(i)), term);
    return term;
  }

  /** Any of these JSON strings, given with their quotes, each byte a char code. */
  strings(given: readonly string[]): Term {
    const texts = given.toSorted().filter((text, i, all) => text !== all[i - 1]);
    if (texts.length === 0) return NEVER;
    // quotes tell where one ends
    const key = texts.join('');
    let term = this.#ofStrings.get(key);
    if (term === undefined) {
      this.#listed += key.length;
      // what follows them must have room when a text comes to it
      if (key.length > MAX_SPELLED || this.#listed > MAX_LISTED)
        throw new LimitError('its automata grow too large');
      const index = this.lists.push(new Strings(texts)) - 1;
      const least = texts.reduce((least, text) => Math.min(least, text.length), LONG);
      const quote = this.sets.range(QUOTE, QUOTE);
      term = this.#intern(mix(9, index, 0), new Node('strings', index), false, least, quote);
      this.#ofStrings.set(key, term);
    }
    return term;
  }

  /** The strings of such a term; of others, and of complements, absent. */
  stringsOf(term: Term): Strings | undefined {
    const { kind, left } = this.nodes[term];
    return kind === 'strings' ? this.lists[left] : undefined;
  }

  /** The strings that such a term leaves out. */
  #without(term: Term): Strings | undefined {
    const { kind, left } = this.nodes[term];
    return kind === 'not' ? this.stringsOf(left) : undefined;
  }

  cat(left: Term, right: Term): Term {
    if (left === NEVER || right === NEVER) return NEVER;
    if (left === EPSILON) return right;
    if (right === EPSILON) return left;
    const head = this.nodes[left];
    if (head.kind === 'cat') return this.cat(head.left, this.cat(head.right, right));
    // what any characters may follow may be any characters itself
    if (right === this.#rest && head.nullable && head.bound === this.#characters) return right;
    const hash = mix(3, left, right);
    for (let at = this.#find(hash); at >= 0; at = this.nodes[at].older) {
      const known = this.nodes[at];
      if (known.kind === 'cat' && known.left === left && known.right === right) return at;
    }
    const opens = head.nullable;
    const first = opens ? this.sets.union(head.first, this.nodes[right].first) : head.first;
    const tail = this.nodes[right];
    const least = isPlain(head) && isPlain(tail) ? Math.min(head.least + tail.least, LONG) : -1;
    return this.#intern(hash, new Node('cat', left, right), opens && tail.nullable, least, first);
  }

  concat(...parts: readonly Term[]): Term {
    return parts.reduceRight((right, left) => this.cat(left, right), EPSILON);
  }

  alt(...terms: readonly Term[]): Term {
    if (terms.length === 2) {
      if (terms[0] === NEVER || terms[0] === terms[1]) return terms[1];
      if (terms[1] === NEVER) return terms[0];
    }
    const parts: Term[] = [];
    let bytes = NO_BYTES;
    for (const term of terms) {
      const { kind, left, parts: inner } = this.nodes[term];
      if (term === this.all) return term;
      if (kind === 'alt') parts.push(...inner);
      else if (kind === 'set') bytes = this.sets.union(bytes, left);
      else if (term !== NEVER) parts.push(term);
    }
    // The sets of alternatives flattened above are merged as well, and so are strings.
    let strings: readonly string[] | undefined;
    for (let i = 0; i < parts.length; i++) {
      const { kind, left } = this.nodes[parts[i]];
      if (kind === 'set') bytes = this.sets.union(bytes, left);
      else if (kind === 'strings')
        strings = strings ? [...strings, ...this.lists[left].texts] : this.lists[left].texts;
      else continue;
      parts.splice(i--, 1);
    }
    if (bytes !== NO_BYTES) parts.push(this.#set(bytes));
    if (strings) parts.push(this.strings(strings));
    const list = this.#absorbed(this.#widest(ascending(parts)), 'and');
    if (list.length === 0) return NEVER;
    if (list.length === 1) return list[0];
    const hash = mixAll(4, list);
    const known = this.#findParts(hash, 'alt', list);
    if (known >= 0) return known;
    let first = NO_BYTES;
    let nullable = false;
    let least = LONG;
    for (const part of list) {
      const node = this.nodes[part];
      first = this.sets.union(first, node.first);
      nullable ||= node.nullable;
      // one that is not plain says so for all
      least = Math.min(least, node.least);
    }
    return this.#intern(hash, new Node('alt', NEVER, NEVER, 0, 0, list), nullable, least, first);
  }

  and(...terms: readonly Term[]): Term {
    if (terms.length !== 2) return this.#intersection(terms);
    const [a, b] = terms;
    if (a === b || b === this.all) return a;
    if (a === this.all) return b;
    if (a === NEVER || b === NEVER) return NEVER;
    const key = Math.min(a, b) * MAX_TERMS + Math.max(a, b);
    let both = this.#pairs.get(key);
    if (both === undefined) {
      both = this.#intersection(terms);
      this.#pairs.set(key, both);
    }
    return both;
  }

  #intersection(terms: readonly Term[]): Term {
    const parts: Term[] = [];
    for (const term of terms) {
      if (term === NEVER) return NEVER;
      const { kind, parts: inner } = this.nodes[term];
      if (kind === 'and') parts.push(...inner);
      else if (term !== this.all) parts.push(term);
    }
    const list = this.#joinMachines(
      this.#joinRuns(this.#absorbed(this.#unbounded(this.#joinStrings(ascending(parts)), terms), 'alt')),
    );
    if (list.length === 0) return this.all;
    if (list[0] === NEVER) return NEVER;
    if (list.length === 1) return list[0];
    const choice = list.find(part => this.nodes[part].kind === 'alt' && this.hasMachine(part));
    if (choice !== undefined) {
      const others = list.filter(part => part !== choice);
      return this.alt(...this.nodes[choice].parts.map(part => this.and(...others, part)));
    }
    // x ∩ ¬x is empty, and x ∩ ¬(x ∩ y) is x ∩ ¬y.
    for (const part of list) {
      const { kind, left } = this.nodes[part];
      if (kind !== 'not') continue;
      if (list.some(part => part === left || this.nodes[part].bound === left)) return NEVER;
      const inner = this.nodes[left];
      if (inner.kind !== 'and' || !inner.parts.some(x => list.includes(x))) continue;
      const rest = this.and(...inner.parts.filter(x => !list.includes(x)));
      return this.and(...list.filter(x => x !== part), this.not(rest));
    }
    const hash = mixAll(5, list);
    const known = this.#findParts(hash, 'and', list);
    if (known >= 0) return known;
    let first = ALL_BYTES;
    for (const part of list) first = this.sets.intersection(first, this.nodes[part].first);
    const nullable = list.every(part => this.nodes[part].nullable);
    if (!nullable && first === NO_BYTES) return NEVER;
    return this.#intern(hash, new Node('and', NEVER, NEVER, 0, 0, list), nullable, -1, first);
  }

  /** Strings that are in all lists, and in none that is to be kept out, are one list; so are those that many keep out. */
  #joinStrings(list: Term[]): Term[] {
    const out = list.length > MAX_OUT ? list.filter(part => this.#without(part)) : [];
    if (out.length > MAX_OUT) {
      const all = this.strings(out.flatMap(part => this.#without(part)!.texts));
      return this.#joinStrings(ascending([...list.filter(part => !out.includes(part)), this.not(all)]));
    }
    const first = list.findIndex(part => this.nodes[part].kind === 'strings');
    if (first < 0) return list;
    let { texts } = this.lists[this.nodes[list[first]].left];
    const rest = list.filter((part, i) => {
      const out = this.#without(part);
      const strings = out ?? this.stringsOf(part);
      if (!strings || (out && texts.length > MAX_FEW)) return true;
      if (i !== first) texts = texts.filter(text => strings.has(text) === !out);
      return false;
    });
    return rest.length === list.length - 1 ? list : ascending([...rest, this.strings(texts)]);
  }

  /** Remembers that the texts of `term` are all among those of `bound`. */
  confine(term: Term, bound: Term): Term {
    if (term !== NEVER && bound >= 0) {
      this.nodes[term].bound = bound;
      this.nodes[bound].bound = bound;
    }
    return term;
  }

  /** Without parts that follow from others, or from those of which they are parts. */
  #unbounded(list: Term[], whole: readonly Term[]): Term[] {
    if (list.length < 2) return list;
    let left = list;
    for (const terms of [list, whole])
      for (const part of terms) {
        const { bound, parts } = this.nodes[part];
        // a part that is an intersection with its bound is within it by nothing else
        if (bound < 0 || bound === part || !left.includes(bound) || parts.includes(bound)) continue;
        left = left.filter(other => other !== bound);
      }
    return left;
  }

  /** The texts of `term` of another store; both stores are forks of one. */
  adopt(source: TermStore, term: Term, known = new Map<Term, Term>()): Term {
    if (term < source.#inherited) return term;
    const found = known.get(term);
    if (found !== undefined) return found;
    const adopted = this.#again(source, source.nodes[term], of => this.adopt(source, of, known));
    known.set(term, adopted);
    return adopted;
  }

  #again(source: TermStore, { kind, left, right, min, max, parts }: Node, adopt: (of: Term) => Term): Term {
    switch (kind) {
      case 'never':
        return NEVER;
      case 'epsilon':
        return EPSILON;
      case 'set':
        return this.#set(this.sets.adopt(source.sets, left));
      case 'strings':
        return this.strings(source.lists[left].texts);
      case 'cat':
        return this.cat(adopt(left), adopt(right));
      case 'alt':
        return this.alt(...parts.map(adopt));
      case 'and':
        return this.and(...parts.map(adopt));
      case 'not':
        return this.not(adopt(left));
      case 'repeat':
        return this.repeat(adopt(left), min, max);
      case 'machine':
        return this.machine(source.machines[left], right);
    }
  }

  #findParts(hash: number, kind: Kind, parts: readonly Term[]): Term {
    let at = this.#find(hash);
    while (at >= 0 && !(this.nodes[at].kind === kind && equal(this.nodes[at].parts, parts)))
      at = this.nodes[at].older;
    return at;
  }

  /** Without alternatives that are within another. */
  #widest(list: Term[]): Term[] {
    const bounds = list.filter(part => this.nodes[part].bound === part);
    if (bounds.length === 0) return list;
    return list.filter(part => this.nodes[part].bound === part || !bounds.includes(this.nodes[part].bound));
  }

  /** x ∪ (x ∩ y) = x and x ∩ (x ∪ y) = x. */
  #absorbed(list: Term[], kind: 'alt' | 'and'): Term[] {
    if (list.length < 2 || !list.some(part => this.nodes[part].kind === kind)) return list;
    const all = new Set(list);
    return list.filter(
      part => this.nodes[part].kind !== kind || !this.nodes[part].parts.some(x => all.has(x)),
    );
  }

  not(of: Term): Term {
    const inner = this.nodes[of];
    if (inner.kind === 'not') return inner.left;
    const hash = mix(6, of, 0);
    for (let at = this.#find(hash); at >= 0; at = this.nodes[at].older)
      if (this.nodes[at].kind === 'not' && this.nodes[at].left === of) return at;
    return this.#intern(hash, new Node('not', of), !this.nodes[of].nullable, -1, ALL_BYTES);
  }

  /** `of`, `min` to `max` times; `max` may be Infinity. */
  repeat(of: Term, min: number, max: number): Term {
    if (max === 0 || of === EPSILON) return EPSILON;
    if (of === NEVER) return min === 0 ? EPSILON : NEVER;
    if (min === 1 && max === 1) return of;
    const inner = this.nodes[of];
    const fewest = inner.nullable ? 0 : min;
    const hash = mix(mix(7, of, fewest), max === Number.POSITIVE_INFINITY ? -1 : max, 0);
    for (let at = this.#find(hash); at >= 0; at = this.nodes[at].older) {
      const known = this.nodes[at];
      if (known.kind === 'repeat' && known.left === of && known.min === fewest && known.max === max)
        return at;
    }
    const made = new Node('repeat', of, NEVER, fewest, max);
    const least = isPlain(inner) ? Math.min(inner.least * fewest, LONG) : -1;
    return this.#intern(hash, made, fewest === 0, least, inner.first);
  }

  optional(of: Term): Term {
    return this.alt(EPSILON, of);
  }

  machine(machine: Machine, state: number): Term {
    let index = this.machines.indexOf(machine);
    if (index < 0) index = this.machines.push(machine) - 1;
    const hash = mix(8, index, state);
    for (let at = this.#find(hash); at >= 0; at = this.nodes[at].older) {
      const known = this.nodes[at];
      if (known.kind === 'machine' && known.left === index && known.right === state) return at;
    }
    let first = NO_BYTES;
    for (const byte of machine.alphabet) first = this.sets.union(first, this.sets.range(byte, byte));
    return this.#intern(hash, new Node('machine', index, state), machine.accepts(state), -1, first);
  }

  /** Names the character and the end of which strings are made, so that bounds on their length stay one term. */
  setRuns(of: Term, tail: Term): void {
    this.#runOf = of;
    this.#runTail = tail;
    this.#characters = this.repeat(of, 0, Number.POSITIVE_INFINITY);
    this.#rest = this.cat(this.#characters, tail);
    this.#string = this.cat(tail, this.#rest);
    for (const part of [EPSILON, of]) this.confine(part, this.#characters);
    this.confine(tail, this.#rest);
    this.confine(this.#string, this.#string);
  }

  /** Remembers that each text of `term` is one character inside a string. */
  character(term: Term): Term {
    return this.confine(term, this.#characters);
  }

  /** The characters that `term` still asks for before the end; absent where it asks for more than a number of them. */
  asRun(term: Term): Run | undefined {
    if (term === this.#runTail) return NO_MORE;
    const { kind, left, right } = this.nodes[term];
    if (kind !== 'cat' || right !== this.#runTail) return undefined;
    if (left === this.#runOf) return ONE_MORE;
    const repeated = this.nodes[left];
    return repeated.kind === 'repeat' && repeated.left === this.#runOf ? repeated : undefined;
  }

  /** What a string must satisfy beside having at most `max` more characters; absent where that is not all. */
  bounded(term: Term): { readonly max: number; readonly rest: Term } | undefined {
    if (this.nodes[term].kind !== 'and') return undefined;
    const { parts } = this.nodes[term];
    const run = parts.find(part => this.asRun(part)?.min === 0);
    const { max } = (run !== undefined && this.asRun(run)) || { max: Number.POSITIVE_INFINITY };
    if (max === Number.POSITIVE_INFINITY) return undefined;
    const any = this.run(0, Number.POSITIVE_INFINITY);
    return { max, rest: this.and(any, ...parts.filter(part => part !== run)) };
  }

  /** The term with those texts of it as well, finitely many, that are left out one by one. */
  withFew(term: Term): Term {
    const { kind, parts } = this.nodes[term];
    if (kind !== 'and') return term;
    const isFew = (part: Term): boolean =>
      this.nodes[part].kind === 'not' && this.nodes[this.nodes[part].left].finite;
    return parts.some(isFew) ? this.and(...parts.filter(part => !isFew(part))) : term;
  }

  /** Terms of which any number may come first, in one alternative or another. */
  loops(term: Term): readonly Term[] {
    const { kind, left, parts } = this.nodes[term];
    if (kind === 'alt') return parts.flatMap(part => this.loops(part));
    if (kind !== 'cat' || !isPlain(this.nodes[term])) return [];
    const { kind: head, left: of, max } = this.nodes[left];
    return head === 'repeat' && max === Number.POSITIVE_INFINITY ? [of] : [];
  }

  run(min: number, max: number): Term {
    return min > max ? NEVER : this.cat(this.repeat(this.#runOf, min, max), this.#runTail);
  }

  /** What is accepted by two machines is by one, and nothing is that one accepts which is within another that is kept out. */
  #joinMachines(list: Term[]): Term[] {
    if (this.machines.length === 0) return list;
    const fresh = (part: Term) =>
      this.nodes[part].kind === 'machine' && this.nodes[part].right === 0
        ? this.machines[this.nodes[part].left]
        : undefined;
    const at = list.findIndex(part => fresh(part));
    if (at < 0) return list;
    const first = fresh(list[at])!;
    const others = list.filter((_, i) => i !== at);
    for (const part of others) {
      const { kind, left } = this.nodes[part];
      const isOut = kind === 'not';
      const second = fresh(isOut ? left : part);
      const both = second && first.meet(second);
      if (both && !isOut) {
        const rest = others.filter(other => other !== part);
        return this.#joinMachines(ascending([...rest, this.machine(both, 0)]));
      }
      if (both === first) return [NEVER];
    }
    return list;
  }

  /** Whether there is a machine in a term. */
  hasMachine(term: Term): boolean {
    if (this.machines.length === 0) return false;
    const { kind, left, parts } = this.nodes[term];
    return (
      kind === 'machine' ||
      (kind === 'not' ? this.hasMachine(left) : parts.some(part => this.hasMachine(part)))
    );
  }

  /** The intersection of runs is a run; so it is behind an opening quote. */
  #joinRuns(list: Term[]): Term[] {
    if (list.length < 2 || this.#runTail === NEVER) return list;
    let parts = list;
    for (const opened of [false, true]) {
      let count = 0;
      for (const part of parts) if (this.#runIn(part, opened)) count++;
      if (count < 2) continue;
      const runs = parts.map(part => this.#runIn(part, opened));
      const min = Math.max(...runs.map(run => run?.min ?? 0));
      const max = Math.min(...runs.map(run => run?.max ?? Number.POSITIVE_INFINITY));
      const run = this.run(min, max);
      parts = ascending([...parts.filter((_, i) => !runs[i]), opened ? this.cat(this.#runTail, run) : run]);
    }
    return parts;
  }

  #runIn(term: Term, opened: boolean): Run | undefined {
    if (!opened) return this.asRun(term);
    const { kind, left, right } = this.nodes[term];
    return kind === 'cat' && left === this.#runTail ? this.asRun(right) : undefined;
  }
}
