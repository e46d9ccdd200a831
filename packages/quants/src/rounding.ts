/** What several quantizers have in common. They round every operation to a 32-bit float, in the order in which ggml's C does them. */
const fround = Math.fround;

/** The nearest whole number, ties to even, of a float below 2^22. */
export const nearest = (x: number): number => fround(x + 12582912) - 12582912;

export const clamp = (x: number, least: number, most: number): number => Math.max(least, Math.min(most, x));

/** The least and the greatest of `count` weights. */
export function extent(weights: Float32Array, at: number, count: number): [min: number, max: number] {
  let [min, max] = [weights[at], weights[at]];
  for (let i = at + 1; i < at + count; i++) {
    if (weights[i] < min) min = weights[i];
    if (weights[i] > max) max = weights[i];
  }
  return [min, max];
}

/** The weight that is farthest from zero, the first of them. */
export function farthest(weights: Float32Array, at: number, count: number): number {
  let far = 0;
  for (let i = at; i < at + count; i++) if (Math.abs(weights[i]) > Math.abs(far)) far = weights[i];
  return far;
}
