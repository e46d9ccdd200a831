/**
 * Moves the `count` ids of greatest key to the front of `ids[from … to)`, in descending order; of equal keys the lower id comes
 * first. The other ids follow in no order. A heap of `count` in place: O(n) for few, and nothing is allocated.
 * @param key by id
 */
export function sortTop(
  ids: Int32Array,
  from: number,
  to: number,
  count: number,
  key: Float32Array | Float64Array,
): void {
  const size = Math.min(count, to - from);
  const before = (a: number, b: number) => key[a] > key[b] || (key[a] === key[b] && a < b);
  const swap = (a: number, b: number) => {
    const id = ids[a];
    ids[a] = ids[b];
    ids[b] = id;
  };
  // every parent comes after its children, so that the root is the first to go
  const sink = (parent: number, size: number) => {
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= size) return;
      if (child + 1 < size && before(ids[from + child], ids[from + child + 1])) child++;
      if (!before(ids[from + parent], ids[from + child])) return;
      swap(from + parent, from + child);
      parent = child;
    }
  };
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i, size);
  let least = key[ids[from]];
  for (let i = from + size; i < to; i++) {
    if (key[ids[i]] < least || !before(ids[i], ids[from])) continue;
    swap(i, from);
    sink(0, size);
    least = key[ids[from]];
  }
  for (let last = size - 1; last > 0; last--) {
    swap(from, from + last);
    sink(0, last);
  }
}
