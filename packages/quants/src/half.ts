/** IEEE 754 binary16 and bfloat16 to number, exactly. */
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

export function fromHalf(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = h & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export function fromBrainFloat(h: number): number {
  bits[0] = h << 16;
  return float[0];
}

/** The half at byte `i`. */
export const halfAt = (bytes: Uint8Array, i: number): number => fromHalf(bytes[i] | (bytes[i + 1] << 8));
