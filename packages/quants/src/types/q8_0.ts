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
  split: splitBlocks(
    34,
    [
      [2, 32],
      [0, 2],
    ],
    (from, [bytes, scales], pairs) => {
      for (let pair = 0, at = 0, to = 0; pair < pairs; pair++, at += 17, to += 16) {
        // every word of the first block lies across two of the file, and the second's scale is in the last of these
        const w0 = from[at];
        const w1 = from[at + 1];
        const w2 = from[at + 2];
        const w3 = from[at + 3];
        const w4 = from[at + 4];
        const w5 = from[at + 5];
        const w6 = from[at + 6];
        const w7 = from[at + 7];
        const w8 = from[at + 8];
        scales[pair] = (w0 & 0xffff) | (w8 & 0xffff0000);
        bytes[to] = (w0 >>> 16) | (w1 << 16);
        bytes[to + 1] = (w1 >>> 16) | (w2 << 16);
        bytes[to + 2] = (w2 >>> 16) | (w3 << 16);
        bytes[to + 3] = (w3 >>> 16) | (w4 << 16);
        bytes[to + 4] = (w4 >>> 16) | (w5 << 16);
        bytes[to + 5] = (w5 >>> 16) | (w6 << 16);
        bytes[to + 6] = (w6 >>> 16) | (w7 << 16);
        bytes[to + 7] = (w7 >>> 16) | (w8 << 16);
        bytes[to + 8] = from[at + 9];
        bytes[to + 9] = from[at + 10];
        bytes[to + 10] = from[at + 11];
        bytes[to + 11] = from[at + 12];
        bytes[to + 12] = from[at + 13];
        bytes[to + 13] = from[at + 14];
        bytes[to + 14] = from[at + 15];
        bytes[to + 15] = from[at + 16];
      }
    },
  ),
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
