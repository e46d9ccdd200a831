/** The twelve bytes in which Q4_K and Q5_K pack eight 6-bit scales and eight 6-bit minimums (ggml's `get_scale_min_k4`). */
export function scaleAndMin(bytes: Uint8Array, at: number, j: number): readonly [scale: number, min: number] {
  if (j < 4) return [bytes[at + j] & 63, bytes[at + j + 4] & 63];
  return [
    (bytes[at + j + 4] & 15) | ((bytes[at + j - 4] >> 6) << 4),
    (bytes[at + j + 4] >> 4) | ((bytes[at + j] >> 6) << 4),
  ];
}
