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
      const skip = stride - width;
      for (let b = 0, at = start / unit, out = 0; b < count; b++, at += skip) {
        for (const end = at + width; at < end; ) to[out++] = from[at++];
      }
    }
  };
}
