/** F32: little-endian floats. */
import type { QuantType } from '../quant-type.ts';
import wgsl from './f32.wgsl?raw';

export const f32: QuantType = {
  name: 'F32',
  id: 0,
  blockSize: 1,
  blockBytes: 4,
  kind: 'float',
  planes: [{ bytes: 4, element: 'vec4f' }],
  wgsl,
  dequantize(bytes, out) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < bytes.length / 4; i++) out[i] = view.getFloat32(4 * i, true);
  },
};

export function quantizeF32(weights: Float32Array, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < weights.length; i++) view.setFloat32(4 * i, weights[i], true);
}
