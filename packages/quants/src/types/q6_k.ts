/** Q6_K: 256 weights in sixteen groups of 16; low nibbles, high pairs of bits, signed 8-bit scales, a half d; weight = d·s·(q − 32). */
import { halfAt } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q6_k.wgsl?raw';

export const q6_k: QuantType = {
  name: 'Q6_K',
  id: 14,
  blockSize: 256,
  blockBytes: 210,
  kind: 'signed',
  planes: [
    { bytes: 208, element: 'vec4u' },
    { bytes: 2, element: 'u32' },
  ],
  split: splitBlocks(210, [
    [0, 208],
    [208, 2],
  ]),
  wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 210) {
      const d = halfAt(bytes, at + 208);
      for (let i = 0; i < 256; i++) {
        // halves of 128; in each, four runs of 32 that share 64 bytes of nibbles and 32 of high bits
        const [half, run, l] = [i >> 7, (i >> 5) & 3, i & 31];
        const low = (bytes[at + 64 * half + 32 * (run & 1) + l] >> (4 * (run >> 1))) & 15;
        const high = (bytes[at + 128 + 32 * half + l] >> (2 * run)) & 3;
        const scale = (bytes[at + 192 + (i >> 4)] << 24) >> 24;
        out[256 * b + i] = Math.fround(d * scale) * ((low | (high << 4)) - 32);
      }
    }
  },
};
