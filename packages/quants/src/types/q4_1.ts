/** Q4_1: halves d and m, 32 nibbles; weight = d·q + m. Low nibbles are weights 0…15, high ones 16…31. */
import { halfAt } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q4_1.wgsl?raw';

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
  split: splitBlocks(20, [
    [4, 16],
    [0, 4],
  ]),
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
