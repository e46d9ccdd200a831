/** Q4_K: 256 weights in eight groups of 32; halves d and dmin, 6-bit scales and minimums, nibbles; weight = d·s·q − dmin·m. */
import { halfAt } from '../half.ts';
import { scaleAndMin } from '../k-scales.ts';
import { quantizeGroups } from '../k-search.ts';
import type { QuantType } from '../quant-type.ts';
import scales from './k-scales.wgsl?raw';
import wgsl from './q4_k.wgsl?raw';

export const q4_k: QuantType = {
  name: 'Q4_K',
  id: 12,
  blockSize: 256,
  blockBytes: 144,
  kind: 'unsigned',
  planes: [{ bytes: 144, element: 'vec4u' }],
  wgsl: scales + wgsl,
  dequantize(bytes, out) {
    for (let b = 0, at = 0; at < bytes.length; b++, at += 144) {
      const d = halfAt(bytes, at);
      const min = halfAt(bytes, at + 2);
      for (let j = 0; j < 8; j++) {
        const [s, m] = scaleAndMin(bytes, at + 4, j);
        const [scale, offset] = [Math.fround(d * s), Math.fround(min * m)];
        for (let i = 0; i < 32; i++) {
          const q = (bytes[at + 16 + 32 * (j >> 1) + i] >> (4 * (j & 1))) & 15;
          out[256 * b + 32 * j + i] = Math.fround(scale * q) - offset;
        }
      }
    }
  },
};

export function quantizeQ4_K(weights: Float32Array, bytes: Uint8Array): void {
  const q = new Uint8Array(256);
  for (let from = 0, at = 0; from < weights.length; from += 256, at += 144) {
    quantizeGroups(weights, from, { bytes, at, q }, { most: 15, first: -1, steps: 20 });
    for (let i = 0; i < 128; i++) {
      // two groups share 32 bytes
      const low = 64 * (i >> 5) + (i & 31);
      bytes[at + 16 + i] = q[low] | (q[low + 32] << 4);
    }
  }
}
