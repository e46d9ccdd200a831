/** Q8_0: a half d and 32 signed bytes; weight = d·q. */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { farthest } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q8_0.wgsl?raw';

const fround = Math.fround;

export const q8_0: QuantType = {
  name: 'Q8_0',
  id: 8,
  blockSize: 32,
  blockBytes: 34,
  kind: 'signed',
  planes: [
    { bytes: 32, element: 'vec4u' },
    { bytes: 2, element: 'u32' },
  ],
  split: splitBlocks(34, [
    [2, 32],
    [0, 2],
  ]),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 34) {
      const d = halfAt(bytes, at);
      for (let i = 0; i < 32; i++) out[32 * b + i] = ((bytes[at + 2 + i] << 24) >> 24) * d;
    }
  },
};

export function quantizeQ8_0(weights: Float32Array, bytes: Uint8Array): void {
  for (let from = 0, at = 0; from < weights.length; from += 32, at += 34) {
    const d = fround(Math.abs(farthest(weights, from, 32)) / 127);
    const inverse = d === 0 ? 0 : fround(1 / d);
    setHalf(bytes, at, d);
    for (let i = 0; i < 32; i++) {
      const x = fround(weights[from + i] * inverse);
      bytes[at + 2 + i] = Math.sign(x) * Math.floor(Math.abs(x) + 0.5); // halves away from zero
    }
  }
}
