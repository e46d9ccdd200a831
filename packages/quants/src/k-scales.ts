/** The twelve bytes in which Q4_K and Q5_K pack eight 6-bit scales and eight 6-bit minimums (ggml's `get_scale_min_k4`). */
export function scaleAndMin(bytes: Uint8Array, at: number, j: number): readonly [scale: number, min: number] {
  if (j < 4) return [bytes[at + j] & 63, bytes[at + j + 4] & 63];
  return [
    (bytes[at + j + 4] & 15) | ((bytes[at + j - 4] >> 6) << 4),
    (bytes[at + j + 4] >> 4) | ((bytes[at + j] >> 6) << 4),
  ];
}

/** Packs the scale and the minimum of group `j`, groups in ascending order into bytes that were 0. */
export function setScaleAndMin(bytes: Uint8Array, at: number, j: number, scale: number, min: number): void {
  if (j < 4) {
    bytes[at + j] = scale;
    bytes[at + j + 4] = min;
  } else {
    bytes[at + j + 4] = (scale & 15) | ((min & 15) << 4);
    bytes[at + j - 4] |= (scale >> 4) << 6;
    bytes[at + j] |= (min >> 4) << 6;
  }
}
