/** Cosines and sines of rotary embeddings, computed once in float64: no trigonometry and no drift in the kernels. */
import type { TransformerConfig } from './architecture.ts';

/**
 * @param factors divisors of the frequencies (`rope_freqs.weight`), [ropeDim/2]
 * @returns [positions][ropeDim/2] cosine, sine; the angle of pair i is position · base^(−2i/ropeDim) / factor
 */
export function ropeTable(
  config: TransformerConfig,
  positions: number,
  factors?: Float32Array,
): Float64Array {
  const half = config.ropeDim / 2;
  const table = new Float64Array(positions * config.ropeDim);
  for (let i = 0; i < half; i++) {
    const frequency = (config.ropeBase ** (-i / half) * config.ropeScale) / (factors?.[i] ?? 1);
    for (let p = 0; p < positions; p++) {
      table[(p * half + i) * 2] = Math.cos(p * frequency);
      table[(p * half + i) * 2 + 1] = Math.sin(p * frequency);
    }
  }
  return table;
}
