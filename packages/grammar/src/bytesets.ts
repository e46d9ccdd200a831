/**
 * Sets of bytes and partitions of all bytes into classes, interned: equal ones have equal ids, so that unions, intersections and
 * refinements are computed once. A fork goes on from its parent, which must not grow any more.
 */
import { LimitError } from './error.ts';

/** 256 bits, one per byte. */
export type ByteSet = Uint32Array;
/** Id of an interned set. */
export type SetId = number;

/** Small, so that two ids are one small number most often. */
const MAX_SETS = 2 ** 15;

export const NO_BYTES: SetId = 0;
export const ALL_BYTES: SetId = 1;

/** Bytes that no set of a collection tells apart share a class. */
export interface Partition {
  readonly classOf: Uint8Array;
  /** A byte of every class. */
  readonly bytes: readonly number[];
}

export class ByteSets {
  readonly #sets: ByteSet[];
  /** Sets by their hash, those of one hash one behind the other. */
  readonly #ids = new Map<number, SetId[]>();
  /** The bytes of a set one by one, where they were asked for. */
  readonly #lists: (readonly number[] | undefined)[];
  readonly #ranges = new Map<number, SetId>();
  readonly #results = new Map<number, SetId>();
  readonly #partitions = new Map<string, Partition>();
  readonly #parent: ByteSets | undefined;

  constructor(parent?: ByteSets) {
    this.#parent = parent;
    this.#sets = parent ? parent.#sets.slice() : [];
    this.#lists = parent ? parent.#lists.slice() : [];
    if (parent) return;
    this.intern(new Uint32Array(8));
    this.intern(new Uint32Array(8).fill(0xffffffff));
  }

  intern(set: ByteSet): SetId {
    let hash = 0;
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ set[i], 0x9e3779b1) ^ (hash >>> 15);
    const known = this.#find(hash, set);
    if (known !== undefined) return known;
    const id = this.#sets.push(set) - 1;
    if (id >= MAX_SETS) throw new LimitError('its automata grow too large');
    const same = this.#ids.get(hash);
    if (same) same.push(id);
    else this.#ids.set(hash, [id]);
    return id;
  }

  /** The same set as one of another collection. */
  adopt(source: ByteSets, id: SetId): SetId {
    return this.intern(source.#sets[id]);
  }

  #find(hash: number, set: ByteSet): SetId | undefined {
    const found = this.#parent ? this.#parent.#find(hash, set) : undefined;
    return found ?? this.#ids.get(hash)?.find(id => this.#sets[id].every((word, i) => word === set[i]));
  }

  range(from: number, to: number): SetId {
    const key = from * 256 + to;
    const known = (this.#parent ? this.#parent.#ranges.get(key) : undefined) ?? this.#ranges.get(key);
    if (known !== undefined) return known;
    const set = new Uint32Array(8);
    for (let byte = from; byte <= to; byte++) set[byte >> 5] |= 1 << (byte & 31);
    const id = this.intern(set);
    this.#ranges.set(key, id);
    return id;
  }

  has(id: SetId, byte: number): boolean {
    return ((this.#sets[id][byte >> 5] >>> (byte & 31)) & 1) === 1;
  }

  /** The bytes of a set in ascending order. */
  members(id: SetId): readonly number[] {
    const known = this.#lists[id];
    if (known) return known;
    const members: number[] = [];
    for (let byte = 0; byte < 256; byte++) if (this.has(id, byte)) members.push(byte);
    this.#lists[id] = members;
    return members;
  }

  union(a: SetId, b: SetId): SetId {
    if (a === b || b === NO_BYTES) return a;
    return a === NO_BYTES ? b : this.#combine(a, b, 1);
  }

  intersection(a: SetId, b: SetId): SetId {
    if (a === b || b === ALL_BYTES) return a;
    return a === ALL_BYTES ? b : this.#combine(a, b, 0);
  }

  #combine(a: SetId, b: SetId, union: 0 | 1): SetId {
    const key = (Math.min(a, b) * MAX_SETS + Math.max(a, b)) * 2 + union;
    let result = (this.#parent ? this.#parent.#results.get(key) : undefined) ?? this.#results.get(key);
    if (result === undefined) {
      const [x, y] = [this.#sets[a], this.#sets[b]];
      result = this.intern(x.map((word, i) => (union ? word | y[i] : word & y[i])));
      this.#results.set(key, result);
    }
    return result;
  }

  /** The coarsest partition in which every set is a union of classes; `ids` in ascending order. */
  partition(ids: readonly SetId[]): Partition {
    const key = ids.join();
    const known = (this.#parent ? this.#parent.#partitions.get(key) : undefined) ?? this.#partitions.get(key);
    if (known) return known;
    const classOf = new Uint8Array(256);
    const sizes = [256];
    const heads = [0];
    const inside = new Uint16Array(256);
    const moved = new Int16Array(256);
    for (const id of ids) {
      const members = this.members(id);
      inside.fill(0, 0, sizes.length);
      moved.fill(-1, 0, sizes.length);
      for (const byte of members) inside[classOf[byte]]++;
      // A class that lies partly inside splits: its members inside become a new one.
      for (const byte of members) {
        const old = classOf[byte];
        if (inside[old] === sizes[old] && moved[old] < 0) continue;
        if (moved[old] < 0) {
          moved[old] = sizes.push(0) - 1;
          heads.push(byte);
        }
        classOf[byte] = moved[old];
        sizes[old]--;
        inside[old]--;
        sizes[moved[old]]++;
        if (heads[old] === byte) heads[old] = -1;
      }
    }
    const bytes = heads.map((byte, i) => (byte < 0 ? classOf.indexOf(i) : byte));
    const partition = { classOf, bytes };
    this.#partitions.set(key, partition);
    return partition;
  }
}
