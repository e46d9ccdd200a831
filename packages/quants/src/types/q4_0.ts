/** Q4_0: a half d and 32 nibbles; weight = d·(q − 8). Low nibbles are weights 0…15, high ones 16…31. */
import { halfAt } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q4_0.wgsl?raw';

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
