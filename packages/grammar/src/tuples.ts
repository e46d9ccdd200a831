/** In how many ways things that must differ can be chosen, each from a set of its own, and how many are in one set or another. */
import { LimitError } from './error.ts';

/** Pairs of alternatives whose common values are counted. */
const MAX_SHARED = 20_000;

/** Sets by their ids. */
interface Sets {
  /** How many there are in one, or enough for whatever others take. */
  size(of: number): number;
  /** What is in both. */
  meet(a: number, b: number): number;
}

/**
 * In how many ways each of some sets can have an element of its own, at most `limit`; a set may be given several times. What was found is
 * remembered for the next question.
 */
export function createTuples({ size, meet }: Sets): (of: readonly number[], limit: number) => number {
  const sizes = new Map<number, number>();
  const known = new Map<string, bigint>();
  const sizeOf = (of: number): number => {
    const count = sizes.get(of) ?? size(of);
    sizes.set(of, count);
    return count;
  };
  /** `times` with a set once more, or once less. */
  const changed = (times: ReadonlyMap<number, number>, of: number, by: number): Map<number, number> => {
    const next = new Map(times);
    const count = (next.get(of) ?? 0) + by;
    if (count > 0) next.set(of, count);
    else next.delete(of);
    return next;
  };
  const visit = (times: ReadonlyMap<number, number>, limit: number): bigint => {
    const list = [...times].sort(([a], [b]) => sizeOf(a) - sizeOf(b) || a - b);
    if (list.length === 0) return 1n;
    const key = `${limit} ${list}`;
    let count = known.get(key);
    if (count !== undefined) return count;
    const [last] = list.at(-1)!;
    const others = changed(times, last, -1);
    const rest = visit(others, limit);
    // each of the others may have taken one of the last
    count = rest * BigInt(list.reduce((left, [, many]) => left - many, sizeOf(last) + 1));
    if (rest > 0n && count < limit) {
      // all, but for those where the last is what one of the others is
      const most = rest < limit ? limit : Infinity;
      count = BigInt(sizeOf(last)) * visit(others, most);
      for (const [other, many] of others) {
        const both = meet(other, last);
        if (sizeOf(both) > 0)
          count -= BigInt(many) * visit(changed(changed(others, other, -1), both, 1), most);
      }
    }
    if (count >= limit) count = BigInt(limit);
    known.set(key, count);
    return count;
  };
  return (of, limit) =>
    Number(
      visit(
        of.reduce((times, each) => changed(times, each, 1), new Map<number, number>()),
        limit,
      ),
    );
}

/** How many values the shapes have together, at most `limit`: each by those that none before it has, the large ones first. */
export function countUnion<T>(
  shapes: readonly T[],
  merge: (a: T, b: T) => T,
  limit: number,
  count: (shape: T) => number,
): number {
  interface Sized {
    readonly shape: T;
    readonly size: number;
  }
  const sized = (shape: T): Sized => ({ shape, size: count(shape) });
  let work = 0;
  const visit = (list: Sized[]): number => {
    const before: T[] = [];
    let total = 0;
    for (const { shape, size } of list.sort((a, b) => b.size - a.size)) {
      if (size === 0) break;
      work += before.length;
      if (work > MAX_SHARED) throw new LimitError('it has too many alternatives');
      const shared = before.map(other => sized(merge(other, shape)));
      // most are apart from the others, or within one of them
      if (shared.some(both => both.size === size)) continue;
      total += size - visit(shared);
      if (total >= limit) return limit;
      before.push(shape);
    }
    return total;
  };
  const list: Sized[] = [];
  for (const shape of shapes) {
    const one = sized(shape);
    if (one.size >= limit) return limit;
    list.push(one);
  }
  return visit(list);
}
