/** Q4_0: a half d and 32 nibbles; weight = d·(q − 8). Low nibbles are weights 0…15, high ones 16…31. */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { farthest } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q4_0.wgsl?raw';

const fround = Math.fround;

export const q4_0: QuantType = {
  name: 'Q4_0',
  id: 2,
  blockSize: 32,
  blockBytes: 18,
  kind: 'unsigned',
  planes: [
    { bytes: 16, element: 'vec4u' },
    { bytes: 2, element: 'u32' },
  ],
  split: splitBlocks(18, [
    [2, 16],
    [0, 2],
  ]),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 18) {
      const d = halfAt(bytes, at);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 2 + i];
        out[32 * b + i] = ((q & 15) - 8) * d;
        out[32 * b + 16 + i] = ((q >> 4) - 8) * d;
      }
    }
  },
};

export function quantizeQ4_0(weights: Float32Array, bytes: Uint8Array): void {
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 18) {
    const d = fround(farthest(weights, from, 32) / -8);
    const inverse = d === 0 ? 0 : fround(1 / d);
    setHalf(bytes, at, d);
    const quantized = (i: number) =>
      Math.min(15, Math.trunc(fround(fround(weights[from + i] * inverse) + 8.5)));
    for (let i = 0; i < 16; i++) bytes[at + 2 + i] = quantized(i) | (quantized(16 + i) << 4);
  }
}
