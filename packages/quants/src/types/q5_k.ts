/** Q5_K: as Q4_K, with a fifth bit for every weight; weight = d·s·q − dmin·m. */
import { halfAt } from '../half.ts';
import { scaleAndMin } from '../k-scales.ts';
import { quantizeGroups } from '../k-search.ts';
import type { QuantType } from '../quant-type.ts';
import scales from './k-scales.wgsl?raw';
import wgsl from './q5_k.wgsl?raw';

export const q5_k: QuantType = {
  name: 'Q5_K',
  id: 13,
  blockSize: 256,
  blockBytes: 176,
  kind: 'unsigned',
  planes: [{ bytes: 176, element: 'vec4u' }],
  wgsl: scales + wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 176) {
      const d = halfAt(bytes, at);
      const min = halfAt(bytes, at + 2);
      for (let j = 0; j < 8; j++) {
        const [s, m] = scaleAndMin(bytes, at + 4, j);
        const [scale, offset] = [Math.fround(d * s), Math.fround(min * m)];
        for (let i = 0; i < 32; i++) {
          const q = (bytes[at + 48 + 32 * (j >> 1) + i] >> (4 * (j & 1))) & 15;
          const fifth = (bytes[at + 16 + i] >> j) & 1;
          out[256 * b + 32 * j + i] = Math.fround(scale * (q + 16 * fifth)) - offset;
        }
      }
    }
  },
};

export function quantizeQ5_K(weights: Float32Array, bytes: Uint8Array): void {
  const q = new Uint8Array(256);
  for (let from = 0, at = 0; from < weights.length; from += 256, at += 176) {
    quantizeGroups(weights, from, { bytes, at, q }, { most: 31, first: -0.5, steps: 15 });
    for (let i = 0; i < 128; i++) {
      // two groups share 32 bytes
      const low = 64 * (i >> 5) + (i & 31);
      bytes[at + 48 + i] = (q[low] & 15) | ((q[low + 32] & 15) << 4);
    }
    for (let i = 0; i < 256; i++) bytes[at + 16 + (i & 31)] |= (q[i] >> 4) << (i >> 5);
  }
}
