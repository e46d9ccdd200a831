/** F16: little-endian halves. */
import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import wgsl from './f16.wgsl?raw';

export const f16: QuantType = {
  name: 'F16',
  id: 1,
  blockSize: 1,
  blockBytes: 2,
  kind: 'float',
  planes: [{ bytes: 2, element: 'vec2u' }],
  wgsl,
  dequantize(bytes, out) {
    for (let i = 0; i < bytes.length / 2; i++) out[i] = halfAt(bytes, 2 * i);
  },
};

export function quantizeF16(weights: Float32Array, bytes: Uint8Array): void {
  for (let i = 0; i < weights.length; i++) setHalf(bytes, 2 * i, weights[i]);
}
