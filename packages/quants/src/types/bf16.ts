/** BF16: the upper halves of floats. */
import { fromBrainFloat, toBrainFloat } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import wgsl from './bf16.wgsl?raw';

export const bf16: QuantType = {
  name: 'BF16',
  id: 30,
  blockSize: 1,
  blockBytes: 2,
  kind: 'float',
  planes: [{ bytes: 2, element: 'vec2u' }],
  wgsl,
  dequantize(bytes, out) {
    for (let i = 0; i < bytes.length / 2; i++)
      out[i] = fromBrainFloat(bytes[2 * i] | (bytes[2 * i + 1] << 8));
  },
};

export function quantizeBF16(weights: Float32Array, bytes: Uint8Array): void {
  for (let i = 0; i < weights.length; i++) {
    const value = toBrainFloat(weights[i]);
    bytes[2 * i] = value;
    bytes[2 * i + 1] = value >> 8;
  }
}
