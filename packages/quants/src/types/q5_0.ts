/** Q5_0: a half d, 32 fifth bits, 32 nibbles; weight = d·(q − 16). Low nibbles are weights 0…15, high ones 16…31. */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { farthest } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q5_0.wgsl?raw';

const fround = Math.fround;

export const q5_0: QuantType = {
  name: 'Q5_0',
  id: 6,
  blockSize: 32,
  blockBytes: 22,
  kind: 'unsigned',
  planes: [
    { bytes: 16, element: 'vec4u' },
    { bytes: 4, element: 'u32' },
    { bytes: 2, element: 'u32' },
  ],
  split: splitBlocks(22, [
    [6, 16],
    [2, 4],
    [0, 2],
  ]),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 22) {
      const d = halfAt(bytes, at);
      for (let i = 0; i < 16; i++) {
        const q = bytes[at + 6 + i];
        const low = (bytes[at + 2 + (i >> 3)] >> (i & 7)) & 1;
        const high = (bytes[at + 4 + (i >> 3)] >> (i & 7)) & 1;
        out[32 * b + i] = ((q & 15) + 16 * low - 16) * d;
        out[32 * b + 16 + i] = ((q >> 4) + 16 * high - 16) * d;
      }
    }
  },
};

export function quantizeQ5_0(weights: Float32Array, bytes: Uint8Array): void {
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 22) {
    const d = fround(farthest(weights, from, 32) / -16);
    const inverse = d === 0 ? 0 : fround(1 / d);
    setHalf(bytes, at, d);
    for (let i = 0; i < 32; i++) {
      const q = Math.min(31, Math.trunc(fround(fround(weights[from + i] * inverse) + 16.5)));
      bytes[at + 2 + (i >> 3)] |= (q >> 4) << (i & 7);
      bytes[at + 6 + (i & 15)] |= (q & 15) << (4 * (i >> 4));
    }
  }
}
