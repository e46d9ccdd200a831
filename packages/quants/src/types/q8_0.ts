/** Q8_0: a half d and 32 signed bytes; weight = d·q. */
import { halfAt } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q8_0.wgsl?raw';

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
