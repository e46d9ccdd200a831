/** IEEE 754 binary16 and bfloat16 to number, exactly, and the nearest of them to a number, ties to even. */
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

/** The half that is nearest to a float. Throws RangeError for one that is beyond all halves, or no number. */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0] >>> 16) & 0x8000;
  const exponent = ((bits[0] >>> 23) & 255) - 112;
  const fraction = bits[0] & 0x7fffff;
  if (exponent < -10) return sign;
  // bits that a half has no room for; below 2^-14 there are more of them, and the leading 1 is written out
  const lost = exponent > 0 ? 13 : 14 - exponent;
  const all = exponent > 0 ? (exponent << 23) | fraction : 0x800000 | fraction;
  const kept = exponent < 31 ? roundBits(all, lost) : 0x7c00;
  if (kept >= 0x7c00) throw new RangeError(`${value} is beyond what a half can hold`);
  return sign | kept;
}

/** The bfloat16 that is nearest to a float. */
export function toBrainFloat(value: number): number {
  float[0] = value;
  return roundBits(bits[0], 16) & 0xffff;
}

/** Without the last `lost` bits, rounded to the nearest, ties to even. */
function roundBits(all: number, lost: number): number {
  return (all + (1 << (lost - 1)) - 1 + ((all >>> lost) & 1)) >>> lost;
}

export function setHalf(bytes: Uint8Array, i: number, value: number): void {
  const half = toHalf(value);
  bytes[i] = half;
  bytes[i + 1] = half >> 8;
}
