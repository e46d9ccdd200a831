/** Taking blocks apart into planes: `cuts` are the stretches of a block, in bytes, that each plane takes. */
export function splitBlocks(
  blockBytes: number,
  cuts: readonly (readonly [start: number, bytes: number])[],
): (bytes: Uint8Array, planes: readonly Uint8Array[]) => void {
  return (bytes, planes) => {
    const blocks = bytes.length / blockBytes;
    cuts.forEach(([start, length], p) => {
      const plane = planes[p];
      let to = 0;
      for (let b = 0, from = start; b < blocks; b++, from += blockBytes) {
        for (let i = 0; i < length; i++) plane[to++] = bytes[from + i];
      }
    });
  };
}
