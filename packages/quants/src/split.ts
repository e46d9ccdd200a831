/** Taking blocks apart into planes: `cuts` are the stretches of a block, in bytes, that each plane takes. */
export function splitBlocks(
  blockBytes: number,
  cuts: readonly (readonly [start: number, bytes: number])[],
): (bytes: Uint8Array<ArrayBuffer>, planes: readonly Uint8Array<ArrayBuffer>[]) => void {
  // whole words, or halves of them, are moved at once where every cut allows it
  const unit = [4, 2, 1].find(size => [blockBytes, ...cuts.flat()].every(n => n % size === 0))!;
  const Units = { 4: Uint32Array, 2: Uint16Array, 1: Uint8Array }[unit as 1 | 2 | 4];
  return (bytes, planes) => {
    const view = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
      new Units(buffer, byteOffset, Math.floor(length / unit));
    const from = view(bytes.byteOffset % unit === 0 ? bytes : bytes.slice());
    const stride = blockBytes / unit;
    const count = from.length / stride;
    for (const [p, [start, length]] of cuts.entries()) {
      const to = view(planes[p]);
      const width = length / unit;
      if (width === 4) {
        // the commonest cut, 32 nibbles, by itself: loading a model is mostly this loop
        for (let b = 0, at = start / unit, out = 0; b < count; b++, at += stride, out += 4) {
          to[out] = from[at];
          to[out + 1] = from[at + 1];
          to[out + 2] = from[at + 2];
          to[out + 3] = from[at + 3];
        }
        continue;
      }
      for (let b = 0, at = start / unit, out = 0; b < count; b++, at += stride - width) {
        for (const end = at + width; at < end; ) to[out++] = from[at++];
      }
    }
  };
}
