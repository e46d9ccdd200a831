/** The scales and minimums of Q4_K and Q5_K: a weighted least-squares fit over several roundings (ggml's `make_qkx2_quants`). */

import { halfAt, setHalf } from './half.ts';
import { scaleAndMin, setScaleAndMin } from './k-scales.ts';
import { clamp, extent, nearest } from './rounding.ts';

const fround = Math.fround;

const GROUP = 32;
const importance = /* @__PURE__ */ new Float32Array(GROUP);
const trial = /* @__PURE__ */ new Uint8Array(GROUP);
const scales = /* @__PURE__ */ new Float32Array(8);
const mins = /* @__PURE__ */ new Float32Array(8);

export interface Search {
  /** The greatest quantized value. */
  readonly most: number;
  /** The range of roundings that are tried: from `most + first` on, in steps of 0.1. */
  readonly first: number;
  readonly steps: number;
}

/**
 * Quantizes a block of 256 weights: writes the halves d and dmin and the packed scales at `at`, and leaves the weights' quantized
 * values in `q`, where the block's own layout takes them from.
 */
export function quantizeGroups(
  weights: Float32Array,
  from: number,
  { bytes, at, q }: { bytes: Uint8Array; at: number; q: Uint8Array },
  search: Search,
): void {
  for (let j = 0; j < 8; j++) fitGroup(weights, from + GROUP * j, j, q, search);
  const [, maxScale] = extent(scales, 0, 8);
  const [, maxMin] = extent(mins, 0, 8);
  const inverseScale = maxScale > 0 ? fround(63 / maxScale) : 0;
  const inverseMin = maxMin > 0 ? fround(63 / maxMin) : 0;
  setHalf(bytes, at, fround(Math.max(0, maxScale) / 63));
  setHalf(bytes, at + 2, fround(Math.max(0, maxMin) / 63));
  for (let j = 0; j < 8; j++) {
    const scale = Math.min(63, nearest(fround(inverseScale * scales[j])));
    const min = Math.min(63, nearest(fround(inverseMin * mins[j])));
    setScaleAndMin(bytes, at + 4, j, scale, min);
  }
  for (let j = 0; j < 8; j++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, j);
    const d = fround(halfAt(bytes, at) * scale);
    if (d === 0) continue;
    const offset = fround(halfAt(bytes, at + 2) * min);
    for (let i = GROUP * j; i < GROUP * (j + 1); i++) {
      q[i] = clamp(nearest(fround(fround(weights[from + i] + offset) / d)), 0, search.most);
    }
  }
}

/** Finds scale and minimum of group `j`, whose weights begin at `at`, and its quantized values. */
function fitGroup(
  x: Float32Array,
  at: number,
  j: number,
  q: Uint8Array,
  { most, first, steps }: Search,
): void {
  let squares = 0;
  for (let i = 0; i < GROUP; i++) squares = fround(squares + fround(x[at + i] * x[at + i]));
  const average = fround(Math.sqrt(fround(squares / GROUP)));
  let [sumW, sumX] = [0, 0];
  for (let i = 0; i < GROUP; i++) {
    const w = fround(average + Math.abs(x[at + i]));
    importance[i] = w;
    sumW = fround(sumW + w);
    sumX = fround(sumX + fround(w * x[at + i]));
  }
  let [min, max] = extent(x, at, GROUP);
  if (min > 0) min = 0;
  if (max === min) {
    q.fill(0, GROUP * j, GROUP * (j + 1));
    [scales[j], mins[j]] = [0, -min];
    return;
  }
  let inverse = fround(most / fround(max - min));
  let scale = fround(1 / inverse);
  for (let i = 0; i < GROUP; i++)
    trial[i] = clamp(nearest(fround(inverse * fround(x[at + i] - min))), 0, most);
  q.set(trial, GROUP * j);
  let best = errorOf(x, at, scale, min);
  for (let step = 0; step <= steps; step++) {
    // from the minimum that is the best so far
    inverse = fround(fround(fround(first + fround(fround(0.1) * step)) + most) / fround(max - min));
    let [sumL, sumL2, sumXL] = [0, 0, 0];
    for (let i = 0; i < GROUP; i++) {
      const l = clamp(nearest(fround(inverse * fround(x[at + i] - min))), 0, most);
      trial[i] = l;
      const wl = fround(importance[i] * l);
      sumL = fround(sumL + wl);
      sumL2 = fround(sumL2 + fround(wl * l));
      sumXL = fround(sumXL + fround(wl * x[at + i]));
    }
    const determinant = fround(fround(sumW * sumL2) - fround(sumL * sumL));
    if (!(determinant > 0)) continue;
    let thisScale = fround(fround(fround(sumW * sumXL) - fround(sumX * sumL)) / determinant);
    let thisMin = fround(fround(fround(sumL2 * sumX) - fround(sumL * sumXL)) / determinant);
    if (thisMin > 0) [thisScale, thisMin] = [fround(sumXL / sumL2), 0];
    const error = errorOf(x, at, thisScale, thisMin);
    if (error >= best) continue;
    q.set(trial, GROUP * j);
    [best, scale, min] = [error, thisScale, thisMin];
  }
  [scales[j], mins[j]] = [scale, -min];
}

/** The weighted square error of `trial`. */
function errorOf(x: Float32Array, at: number, scale: number, min: number): number {
  let error = 0;
  for (let i = 0; i < GROUP; i++) {
    const off = fround(fround(fround(scale * trial[i]) + min) - x[at + i]);
    error = fround(error + fround(importance[i] * fround(off * off)));
  }
  return error;
}
