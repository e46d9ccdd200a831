/** A stretch of a block, in bytes: four words or several times that, one word, or two bytes at a word's start. */
type Cut = readonly [start: number, bytes: number];

/** Bytes taken apart at once: they are still in a core's cache when the next plane takes its part. */
const TILE = 1 << 15;
/** The tile, where it does not lie at words, and the tile without its first two bytes: every cut begins at a word of one of them. */
const copies = [new Uint8Array(TILE), new Uint8Array(TILE)];

/**
 * Taking blocks apart into planes: `cuts` are what each plane takes of a block. Loading a model is mostly this, so it moves whole words,
 * also where every second block begins in the middle of one.
 */
export function splitBlocks(
  blockBytes: number,
  cuts: readonly Cut[],
): (bytes: Uint8Array<ArrayBuffer>, planes: readonly Uint8Array<ArrayBuffer>[]) => void {
  // of blocks that are whole words together
  const together = blockBytes % 4 === 0 ? 1 : 2;
  const stride = together * blockBytes;
  const most = Math.floor(TILE / stride);
  return (bytes, planes) => {
    const all = Math.floor(bytes.length / stride);
    for (let first = 0; first < all; first += most) {
      const count = Math.min(most, all - first);
      const tile = bytes.subarray(first * stride, (first + count) * stride);
      const isAligned = tile.byteOffset % 4 === 0;
      if (!isAligned) copies[0].set(tile);
      if (together === 2) copies[1].set(tile.subarray(2));
      const from = [words(isAligned ? tile : copies[0]), words(copies[1])];
      for (const [p, [start, length]] of cuts.entries()) {
        const to = words(planes[p].subarray(first * together * length));
        const step = (together * length) / 4;
        if (length === 2) {
          joinHalves(
            from[0].subarray(start / 4),
            from[1].subarray((blockBytes + start - 2) / 4),
            to,
            stride / 4,
            count,
          );
          continue;
        }
        for (let b = 0; b < together; b++) {
          const at = b * blockBytes + start;
          const half = at % 4 === 0 ? 0 : 1;
          moveWords(
            from[half].subarray((at - 2 * half) / 4),
            to.subarray((b * length) / 4),
            length / 4,
            stride / 4,
            step,
            count,
          );
        }
      }
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

const words = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
  new Uint32Array(buffer, byteOffset, length >> 2);

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
