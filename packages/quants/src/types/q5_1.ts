/** Q5_1: halves d and m, 32 fifth bits, 32 nibbles; weight = d·q + m. Low nibbles are weights 0…15, high ones 16…31. */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { extent } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q5_1.wgsl?raw';

const fround = Math.fround;

export const q5_1: QuantType = {
  name: 'Q5_1',
  id: 7,
  blockSize: 32,
  blockBytes: 24,
  kind: 'unsigned',
  planes: [
    { bytes: 16, element: 'vec4u' },
    { bytes: 4, element: 'u32' },
    { bytes: 4, element: 'u32' },
  ],
  split: splitBlocks(24, [
    [8, 16],
    [4, 4],
    [0, 4],
  ]),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 24) {
      const d = halfAt(bytes, at);
      const m = halfAt(bytes, at + 2);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 8 + i];
        const low = (bytes[at + 4 + (i >> 3)] >> (i & 7)) & 1;
        const high = (bytes[at + 6 + (i >> 3)] >> (i & 7)) & 1;
        // as ggml: the product is rounded to float before the sum
        out[32 * b + i] = Math.fround(((q & 15) + 16 * low) * d) + m;
        out[32 * b + 16 + i] = Math.fround(((q >> 4) + 16 * high) * d) + m;
      }
    }
  },
};

export function quantizeQ5_1(weights: Float32Array, bytes: Uint8Array): void {
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 24) {
    const [min, max] = extent(weights, from, 32);
    const d = fround(fround(max - min) / 31);
    const inverse = d === 0 ? 0 : fround(1 / d);
    setHalf(bytes, at, d);
    setHalf(bytes, at + 2, min);
    for (let i = 0; i < 32; i++) {
      const q = Math.trunc(fround(fround(fround(weights[from + i] - min) * inverse) + 0.5));
      bytes[at + 4 + (i >> 3)] |= (q >> 4) << (i & 7);
      bytes[at + 8 + (i & 15)] |= (q & 15) << (4 * (i >> 4));
    }
  }
}
