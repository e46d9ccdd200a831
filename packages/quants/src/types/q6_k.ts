/** Q6_K: 256 weights in sixteen groups of 16; low nibbles, high pairs of bits, signed 8-bit scales, a half d; weight = d·s·(q − 32). */

import { halfAt, setHalf } from '../half.ts';
import type { QuantType } from '../quant-type.ts';
import { clamp, farthest, nearest } from '../rounding.ts';
import { splitBlocks } from '../split.ts';
import wgsl from './q6_k.wgsl?raw';

const fround = Math.fround;

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

const GROUP = 16;
/** Whether all weights of a group count as zero, by the greatest of them. */
const isNothing = (max: number) => Math.abs(max) < fround(1e-15);

export function quantizeQ6_K(weights: Float32Array, bytes: Uint8Array): void {
  const q = new Uint8Array(256);
  const scales = new Float32Array(GROUP);
  for (let from = 0, at = 0; from < weights.length; from += 256, at += 210) {
    for (let j = 0; j < GROUP; j++) scales[j] = fitGroup(weights, from + GROUP * j, q, GROUP * j);
    const max = farthest(scales, 0, GROUP);
    if (isNothing(max)) continue;
    const inverse = fround(-128 / max);
    setHalf(bytes, at + 208, fround(1 / inverse));
    for (let j = 0; j < GROUP; j++) {
      const scale = Math.min(127, nearest(fround(inverse * scales[j])));
      bytes[at + 192 + j] = scale;
      const d = fround(halfAt(bytes, at + 208) * scale);
      if (d === 0) continue;
      for (let i = GROUP * j; i < GROUP * (j + 1); i++) {
        q[i] = clamp(nearest(fround(weights[from + i] / d)), -32, 31) + 32;
      }
    }
    for (let i = 0; i < 256; i++) {
      const [half, run, l] = [i >> 7, (i >> 5) & 3, i & 31];
      bytes[at + 64 * half + 32 * (run & 1) + l] |= (q[i] & 15) << (4 * (run >> 1));
      bytes[at + 128 + 32 * half + l] |= (q[i] >> 4) << (2 * run);
    }
  }
}

/** The scale of a group, by least squares weighted with the squares over 19 roundings (ggml's `make_qx_quants`), and its quantized values. */
function fitGroup(x: Float32Array, at: number, q: Uint8Array, to: number): number {
  const max = farthest(x, at, GROUP);
  if (isNothing(max)) {
    q.fill(0, to, to + GROUP);
    return 0;
  }
  let [scale, best, chosen] = [0, 0, 0];
  // the plain rounding first, then those beside it
  for (let step = -10; step <= 9; step++) {
    if (step === 0) continue;
    const most = step === -10 ? 32 : fround(32 + fround(fround(0.1) * step));
    const inverse = fround(-most / max);
    let sumXL = 0;
    let sumL2 = 0;
    for (let i = at; i < at + GROUP; i++) {
      const l = clamp(nearest(fround(inverse * x[i])), -32, 31);
      const w = fround(x[i] * x[i]);
      sumXL = fround(sumXL + fround(fround(w * x[i]) * l));
      sumL2 = fround(sumL2 + fround(fround(w * l) * l));
    }
    const isBetter = sumL2 > 0 && fround(sumXL * sumXL) > fround(best * sumL2);
    if (step > -10 && !isBetter) continue;
    scale = sumL2 === 0 ? 0 : fround(sumXL / sumL2);
    best = fround(scale * sumXL);
    chosen = inverse;
  }
  for (let i = 0; i < GROUP; i++) q[to + i] = clamp(nearest(fround(chosen * x[at + i])), -32, 31) + 32;
  return scale;
}
