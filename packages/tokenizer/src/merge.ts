/**
 * The one loop that byte-pair encoding and SentencePiece share: of all neighbours that may become one token, those of the lowest rank
 * are joined first, leftmost first among equals, until none is left. O(n log n) for n symbols.
 */

/** Which two tokens may become one. */
export interface Merges {
  /** The merge of two neighbouring tokens, or -1 where there is none. */
  find(left: number, right: number): number;
  /** Lower goes first; an integer from 0 to 2^24. */
  rank(merge: number): number;
  /** The token that a merge makes. */
  token(merge: number): number;
}

/** A function that merges `symbols[0..count)` in place and returns how many are left. -1 is a symbol that merges with nothing. */
export function createMerger(merges: Merges): (symbols: Int32Array, count: number) => number {
  const kept = createScratch(KEPT);
  let heap = kept.heap;
  let heapSize = 0;

  function push(key: number): void {
    let at = heapSize++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= key) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = key;
  }

  function pop(): number {
    const least = heap[0];
    const key = heap[--heapSize];
    let at = 0;
    for (let child = 1; child < heapSize; child = 2 * at + 1) {
      if (child + 1 < heapSize && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= key) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = key;
    return least;
  }

  return (symbols, count) => {
    if (count < 2) return count;
    const scratch = count <= KEPT ? kept : createScratch(count);
    const { next, previous, pair } = scratch;
    heap = scratch.heap;
    // an entry is rank and position in one number; a power of two keeps the division exact
    const span = 2 ** (32 - Math.clz32(count));
    heapSize = 0;

    const consider = (at: number): void => {
      const right = next[at];
      const merge =
        right < count && symbols[at] >= 0 && symbols[right] >= 0
          ? merges.find(symbols[at], symbols[right])
          : -1;
      pair[at] = merge;
      if (merge >= 0) push(merges.rank(merge) * span + at);
    };
    for (let at = 0; at < count; at++) {
      next[at] = at + 1;
      previous[at] = at - 1;
      consider(at);
    }
    while (heapSize > 0) {
      const key = pop();
      const rank = Math.floor(key / span);
      const at = key - rank * span;
      if (pair[at] < 0 || merges.rank(pair[at]) !== rank) continue;
      const right = next[at];
      symbols[at] = merges.token(pair[at]);
      pair[right] = -1;
      next[at] = next[right];
      if (next[at] < count) previous[next[at]] = at;
      if (at > 0) consider(previous[at]);
      consider(at);
    }
    let left = 0;
    for (let at = 0; at < count; at = next[at]) symbols[left++] = symbols[at];
    heap = kept.heap;
    return left;
  };
}

/** Symbols of a word for which memory is kept; a longer one brings its own. */
const KEPT = 1024;

const createScratch = (count: number) => ({
  next: new Int32Array(count),
  previous: new Int32Array(count),
  // the merge of the pair that begins at a symbol, -1 for none: it tells whether an entry of the heap is still true
  pair: new Int32Array(count),
  // every pair at the start, and two new ones per merge
  heap: new Float64Array(3 * count),
});
