/** Q4_1: halves d and m, 32 nibbles; weight = d·q + m. Low nibbles are weights 0…15, high ones 16…31. */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { extent } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q4_1.wgsl?raw';

const fround = Math.fround;

export const q4_1: QuantType = {
  name: 'Q4_1',
  id: 3,
  blockSize: 32,
  blockBytes: 20,
  kind: 'unsigned',
  planes: [
    { bytes: 16, element: 'vec4u' },
    { bytes: 4, element: 'u32' },
  ],
  split: splitBlocks(
    20,
    [
      [4, 16],
      [0, 4],
    ],
    (from, [nibbles, scales], count) => {
      for (let b = 0, at = 0, to = 0; b < count; b++, at += 5, to += 4) {
        scales[b] = from[at];
        nibbles[to] = from[at + 1];
        nibbles[to + 1] = from[at + 2];
        nibbles[to + 2] = from[at + 3];
        nibbles[to + 3] = from[at + 4];
      }
    },
  ),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 20) {
      const d = halfAt(bytes, at);
      const m = halfAt(bytes, at + 2);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 4 + i];
        // as ggml: the product is rounded to float before the sum
        out[32 * b + i] = Math.fround((q & 15) * d) + m;
        out[32 * b + 16 + i] = Math.fround((q >> 4) * d) + m;
      }
    }
  },
};

export function quantizeQ4_1(weights: Float32Array, bytes: Uint8Array): void {
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 20) {
    const [min, max] = extent(weights, from, 32);
    const d = fround(fround(max - min) / 15);
    const inverse = d === 0 ? 0 : fround(1 / d);
    setHalf(bytes, at, d);
    setHalf(bytes, at + 2, min);
    const quantized = (i: number) =>
      Math.min(15, Math.trunc(fround(fround(fround(weights[from + i] - min) * inverse) + 0.5)));
    for (let i = 0; i < 16; i++) bytes[at + 4 + i] = quantized(i) | (quantized(16 + i) << 4);
  }
}
