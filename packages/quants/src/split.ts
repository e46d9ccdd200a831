/** A stretch of a block, in bytes: four words or several times that, one word, or two bytes at a word's start. */
type Cut = readonly [start: number, bytes: number];

/**
 * Takes blocks that begin at a word apart into planes, `count` times as many as are whole words together: one, or two where every second
 * begins in the middle of a word.
 */
type SplitWords = (from: Uint32Array, planes: readonly Uint32Array[], count: number) => void;

/** Bytes taken apart at once: they are still in a core's cache when the next plane takes its part. */
const TILE = 1 << 17;
/** The tile, where it does not lie at words, and the tile without its first two bytes: every cut begins at a word of one of them. */
const aligned = new Uint8Array(TILE);
const shifted = new Uint32Array(TILE / 4);

/**
 * Taking blocks apart into planes: `cuts` are what each plane takes of a block. Loading a model is mostly this, so it moves whole words.
 * @param splitWords the same in one pass, which takes a fifth less time, for types that most weights have
 */
export function splitBlocks(
  blockBytes: number,
  cuts: readonly Cut[],
  splitWords: SplitWords = cutByCut(blockBytes, cuts),
): (bytes: Uint8Array<ArrayBuffer>, planes: readonly Uint8Array<ArrayBuffer>[]) => void {
  const together = blocksTogether(blockBytes);
  const stride = together * blockBytes;
  const most = Math.floor(TILE / stride);
  return (bytes, planes) => {
    const all = Math.floor(bytes.length / stride);
    for (let first = 0; first < all; first += most) {
      const count = Math.min(most, all - first);
      let tile = bytes.subarray(first * stride, (first + count) * stride);
      if (tile.byteOffset % 4 !== 0) {
        aligned.set(tile);
        tile = aligned;
      }
      const to = planes.map((plane, p) => words(plane, first * together * cuts[p][1]));
      splitWords(words(tile), to, count);
    }
    // the last of an odd number
    const rest = bytes.subarray(all * stride);
    if (rest.length > 0) {
      for (const [p, [start, length]] of cuts.entries()) {
        planes[p].set(rest.subarray(start, start + length), all * together * length);
      }
    }
  };
}

/** Blocks that are whole words together. */
const blocksTogether = (blockBytes: number) => (blockBytes % 4 === 0 ? 1 : 2);

/** From byte `start` on. */
const words = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>, start = 0) =>
  new Uint32Array(buffer, byteOffset + start, (length - start) >> 2);

/** Plane after plane, for any type. */
function cutByCut(blockBytes: number, cuts: readonly Cut[]): SplitWords {
  const together = blocksTogether(blockBytes);
  const stride = (together * blockBytes) / 4;
  return (from, planes, count) => {
    if (together === 2) {
      new Uint8Array(shifted.buffer).set(
        new Uint8Array(from.buffer, from.byteOffset + 2, 4 * stride * count - 2),
      );
    }
    for (const [p, [start, length]] of cuts.entries()) {
      if (length === 2) {
        const second = shifted.subarray((blockBytes + start - 2) / 4);
        joinHalves(from.subarray(start / 4), second, planes[p], stride, count);
        continue;
      }
      for (let b = 0; b < together; b++) {
        const at = b * blockBytes + start;
        const stretches = at % 4 === 0 ? from.subarray(at / 4) : shifted.subarray((at - 2) / 4);
        const to = planes[p].subarray((b * length) / 4);
        moveWords(stretches, to, length / 4, stride, (together * length) / 4, count);
      }
    }
  };
}

/** `count` stretches of `width` words, one every `stride` words, to one every `step` words. */
function moveWords(
  from: Uint32Array,
  to: Uint32Array,
  width: number,
  stride: number,
  step: number,
  count: number,
): void {
  if (width === 1) {
    for (let n = 0; n < count; n++) to[n * step] = from[n * stride];
    return;
  }
  for (let i = 0; i < width; i += 4) {
    for (let n = 0, at = i, out = i; n < count; n++, at += stride, out += step) {
      to[out] = from[at];
      to[out + 1] = from[at + 1];
      to[out + 2] = from[at + 2];
      to[out + 3] = from[at + 3];
    }
  }
}

/** The lower halves of two words, one every `stride` words, to one word. */
function joinHalves(
  low: Uint32Array,
  high: Uint32Array,
  to: Uint32Array,
  stride: number,
  count: number,
): void {
  for (let n = 0; n < count; n++) to[n] = (low[n * stride] & 0xffff) | (high[n * stride] << 16);
}
