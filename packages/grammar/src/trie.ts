/** Byte strings as a trie in flat arrays. */

/** Nodes in preorder: the children of node i begin at i + 1, and `end[i]` lies behind its last descendant. */
export interface Trie {
  readonly byte: Uint8Array;
  readonly end: Int32Array;
  /** The id of the string that ends here, or −1. */
  readonly token: Int32Array;
  /** Length of the longest string. */
  readonly depth: number;
}

/** Strings one behind the other: string i is `bytes` from `offsets[i]` to `offsets[i + 1]`. */
export interface Strings {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

export const MAX_STRINGS = 2 ** 20;
/** Longer tokens are never offered. */
export const MAX_TOKEN_BYTES = 512;

/** Orders ids by the bytes of their strings, and those of equal ones by themselves. */
export const orderOf =
  ({ bytes, offsets }: Strings) =>
  (a: number, b: number): number => {
    const length = Math.min(offsets[a + 1] - offsets[a], offsets[b + 1] - offsets[b]);
    for (let i = 0; i < length; i++) {
      const difference = bytes[offsets[a] + i] - bytes[offsets[b] + i];
      if (difference !== 0) return difference;
    }
    return offsets[a + 1] - offsets[a] - (offsets[b + 1] - offsets[b]) || a - b;
  };

/** The ids of the strings that are not empty, in their order. */
export function sortStrings(strings: Strings): Int32Array {
  const { bytes, offsets } = strings;
  // The first four bytes and the id as one number are sorted fast; what is left of it are short stretches.
  const keys = new Float64Array(offsets.length - 1);
  let count = 0;
  for (let id = 0; id < offsets.length - 1; id++) {
    const [from, to] = [offsets[id], offsets[id + 1]];
    if (from === to) continue;
    let key = 0;
    for (let at = from; at < from + 4; at++) key = key * 256 + (at < to ? bytes[at] : 0);
    keys[count++] = key * MAX_STRINGS + id;
  }
  const ids = Int32Array.from(keys.subarray(0, count).sort(), key => key % MAX_STRINGS);
  const head = (i: number): number => Math.floor(keys[i] / MAX_STRINGS);
  const order = orderOf(strings);
  for (let from = 0, to = 0; from < count; from = to) {
    while (to < count && head(to) === head(from)) to++;
    if (to - from > 1) ids.subarray(from, to).sort(order);
  }
  return ids;
}

/** `sorted` are the ids in the order of their bytes; of equal strings the first is taken. */
export function buildTrie({ bytes, offsets }: Strings, sorted: Int32Array): Trie {
  let depth = 0;
  let nodes = 0;
  const byte = new Uint8Array(bytes.length);
  const end = new Int32Array(bytes.length);
  const token = new Int32Array(bytes.length).fill(-1);
  const path: number[] = [];
  for (const id of sorted) {
    const from = offsets[id];
    const length = offsets[id + 1] - from;
    let shared = 0;
    while (shared < path.length && shared < length && byte[path[shared]] === bytes[from + shared]) shared++;
    while (path.length > shared) end[path.pop()!] = nodes;
    for (let at = shared; at < length; at++) {
      path.push(nodes);
      byte[nodes++] = bytes[from + at];
    }
    const last = path[length - 1];
    if (token[last] < 0) token[last] = id;
    depth = Math.max(depth, length);
  }
  while (path.length > 0) end[path.pop()!] = nodes;
  return { byte: byte.slice(0, nodes), end: end.slice(0, nodes), token: token.slice(0, nodes), depth };
}
