/** The tokens of a model as a trie over bytes, built once per model and shared by all grammars. */

export interface VocabularySource {
  /** The bytes that a token stands for; absent for special tokens, which never stand inside a text. */
  bytesOf(token: number): Uint8Array | undefined;
  /** Number of token ids. */
  readonly size: number;
  /** Tokens that end the text. */
  readonly endIds: readonly number[];
}

/** Nodes in preorder: the children of node i begin at i + 1, and `end[i]` lies behind its last descendant. */
export interface Trie {
  readonly byte: Uint8Array;
  readonly end: Int32Array;
  /** The first token that ends here, or −1. */
  readonly token: Int32Array;
  /** Length of the longest token. */
  readonly depth: number;
}

export interface Vocabulary {
  readonly size: number;
  readonly endIds: readonly number[];
  readonly bytesOf: (token: number) => Uint8Array | undefined;
  /** Every token. */
  readonly trie: Trie;
  /** The tokens that are more than characters inside a string: with quotes, backslashes, controls, parts of UTF-8. */
  readonly rest: Trie;
  /** The next token with the same bytes, or −1. */
  readonly twin: Int32Array;
  /** Tokens of at most `count` unescaped characters, as bits; `count` may be Infinity. Do not write to it. */
  plainUpTo(count: number): Uint32Array;
}

/** Beyond it, tokens count as having this many characters. */
const LONGEST = 32;

/** Takes about a third of a second for 128k tokens. */
export function createVocabulary({ bytesOf, size, endIds }: VocabularySource): Vocabulary {
  const plainLength = new Uint8Array(size);
  const tokens: { readonly id: number; readonly bytes: Uint8Array }[] = [];
  const ends = new Set(endIds);
  for (let id = 0; id < size; id++) {
    const bytes = ends.has(id) ? undefined : bytesOf(id);
    if (!bytes || bytes.length === 0) continue;
    tokens.push({ id, bytes });
    plainLength[id] = charactersOf(bytes);
  }
  tokens.sort((a, b) => compare(a.bytes, b.bytes) || a.id - b.id);
  const twin = new Int32Array(size).fill(-1);
  const distinct = tokens.filter(({ id, bytes }, i) => {
    const before = tokens[i - 1];
    if (!before || compare(before.bytes, bytes) !== 0) return true;
    twin[before.id] = id;
    return false;
  });
  const plain: Uint32Array[] = [];
  return {
    size,
    endIds,
    bytesOf,
    trie: buildTrie(distinct),
    rest: buildTrie(distinct.filter(({ id }) => plainLength[id] === 0)),
    twin,
    plainUpTo: count => {
      const most = Math.min(count, LONGEST);
      let bits = plain[most];
      if (!bits) {
        bits = new Uint32Array((size + 31) >> 5);
        for (let id = 0; id < size; id++) {
          if (plainLength[id] > 0 && plainLength[id] <= most) bits[id >> 5] |= 1 << (id & 31);
        }
        plain[most] = bits;
      }
      return bits;
    },
  };
}

/** Whether a token begins with these bytes and goes on. */
export function startsToken({ trie: { byte, end } }: Vocabulary, bytes: Uint8Array): boolean {
  let from = 0;
  let to = byte.length;
  for (const wanted of bytes) {
    let node = from;
    while (node < to && byte[node] !== wanted) node = end[node];
    if (node >= to) return false;
    from = node + 1;
    to = end[node];
  }
  return from < to;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** The number of characters (LONGEST at most) when all are whole and need no escape, else 0. */
function charactersOf(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) {
    if (byte < 0x20 || byte === 0x22 || byte === 0x5c) return 0;
    if (byte < 0x80 || byte >= 0xc0) count++;
  }
  if (bytes.some(byte => byte >= 0x80)) {
    try {
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return 0;
    }
  }
  return Math.min(count, LONGEST);
}

/** `tokens` are sorted and distinct. */
function buildTrie(tokens: readonly { readonly id: number; readonly bytes: Uint8Array }[]): Trie {
  let nodes = 0;
  let depth = 0;
  const shared = tokens.map(({ bytes }, i) => {
    const before = tokens[i - 1]?.bytes ?? new Uint8Array();
    let same = 0;
    while (same < before.length && before[same] === bytes[same]) same++;
    nodes += bytes.length - same;
    depth = Math.max(depth, bytes.length);
    return same;
  });
  const byte = new Uint8Array(nodes);
  const end = new Int32Array(nodes);
  const token = new Int32Array(nodes).fill(-1);
  const path: number[] = [];
  let next = 0;
  tokens.forEach(({ id, bytes }, i) => {
    while (path.length > shared[i]) end[path.pop()!] = next;
    for (let at = shared[i]; at < bytes.length; at++) {
      path.push(next);
      byte[next++] = bytes[at];
    }
    token[path[path.length - 1]] = id;
  });
  while (path.length > 0) end[path.pop()!] = next;
  return { byte, end, token, depth };
}
