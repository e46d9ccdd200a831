/** Q5_0: a half d, 32 fifth bits, 32 nibbles; weight = d·(q − 16). Low nibbles are weights 0…15, high ones 16…31. */
import { halfAt } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q5_0.wgsl?raw';

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
