/**
 * Deterministic automata of terms, built lazily by derivatives. See Owens, Reppy, Turon: "Regular-expression derivatives
 * re-examined" (2009). Bytes that the sets of a term do not tell apart lead to one term, which is computed once.
 */
import type { Partition, SetId } from './bytesets.ts';
import { trie } from './sequences.ts';
import { ascending, EPSILON, merged, NEVER, type Node, type Row, type Term } from './term.ts';
import { TermStore } from './term-store.ts';

export class Derivatives extends TermStore {
  /** Strings that begin alike, without their opening quote. */
  readonly #spreads = new Map<string, Term>();

  row(term: Term): Row {
    let row = this.nodes[term].row;
    if (!row) {
      const { classOf, bytes } = this.#partition(term);
      row = { classOf, bytes, targets: new Array<Term>(bytes.length).fill(-1) };
      this.nodes[term].row = row;
    }
    return row;
  }

  /** What may follow `byte` in the texts of `term`; it may be empty without being NEVER. */
  derive(term: Term, byte: number): Term {
    if (!this.sets.has(this.nodes[term].first, byte)) return NEVER;
    const { kind, left, right } = this.nodes[term];
    if (kind === 'set') return EPSILON;
    if (kind === 'cat' && this.nodes[left].kind === 'set') return right;
    const { classOf, targets } = this.row(term);
    const known = targets[classOf[byte]];
    if (known >= 0) return known;
    const next = this.#compute(term, byte);
    targets[classOf[byte]] = next;
    return next;
  }

  #compute(term: Term, byte: number): Term {
    const { kind, left, right, min, max, parts } = this.nodes[term];
    switch (kind) {
      case 'never':
      case 'epsilon':
        return NEVER;
      case 'set':
        return EPSILON;
      case 'strings':
        return this.#afterQuote(this.lists[left].texts);
      case 'cat': {
        const stay = this.cat(this.derive(left, byte), right);
        return this.nodes[left].nullable ? this.alt(stay, this.derive(right, byte)) : stay;
      }
      case 'alt': {
        const next: Term[] = [];
        for (const part of parts) {
          const one = this.derive(part, byte);
          if (one !== NEVER) next.push(one);
        }
        return next.length === 1 ? next[0] : this.alt(...next);
      }
      case 'and': {
        const next: Term[] = [];
        for (const part of parts) {
          const one = this.derive(part, byte);
          if (one === NEVER) return NEVER;
          next.push(one);
        }
        return this.and(...next);
      }
      case 'not':
        return this.not(this.derive(left, byte));
      case 'repeat':
        return this.cat(this.derive(left, byte), this.repeat(left, Math.max(0, min - 1), max - 1));
      case 'machine': {
        const next = this.machines[left].step(right, byte);
        return next < 0 ? NEVER : this.machine(this.machines[left], next);
      }
    }
  }

  /** Strings without their opening quote. Those that begin alike are spelled out together: objects ask for their names for one less each time. */
  #afterQuote(texts: readonly string[]): Term {
    const groups: Term[] = [];
    for (let at = 0; at < texts.length; ) {
      const begin = at;
      const first = texts[begin][1];
      while (at < texts.length && texts[at][1] === first) at++;
      groups.push(this.#spread(texts.slice(begin, at)));
    }
    return this.alt(...groups);
  }

  #spread(texts: readonly string[]): Term {
    const key = texts.join('');
    let term = this.#spreads.get(key);
    if (term === undefined) {
      const words = texts.map(text => ({ bytes: text.slice(1), tail: EPSILON }));
      term = trie(this, words);
      this.#spreads.set(key, term);
    }
    return term;
  }

  #partition(term: Term): Partition {
    return this.sets.partition(this.#splits(term));
  }

  /** The sets that decide what the first byte leads to, in ascending order. */
  #splits(term: Term): readonly SetId[] {
    const node = this.nodes[term];
    node.splits ??= this.#splitsOf(node);
    return node.splits;
  }

  #splitsOf({ kind, left, right, parts, first }: Node): readonly SetId[] {
    switch (kind) {
      case 'never':
      case 'epsilon':
        return [];
      case 'set':
        return [left];
      case 'strings':
        return [first];
      case 'cat':
        return this.nodes[left].nullable
          ? merged(this.#splits(left), this.#splits(right))
          : this.#splits(left);
      case 'alt':
      case 'and':
        return parts.map(part => this.#splits(part)).reduce(merged);
      case 'not':
      case 'repeat':
        return this.#splits(left);
      case 'machine':
        return ascending(this.machines[left].alphabet.map(byte => this.sets.range(byte, byte)));
    }
  }
}
