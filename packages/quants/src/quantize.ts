/**
 * Weights into blocks, byte for byte as ggml's reference code makes them (`ggml-quants.c`): every operation is rounded to float, as C
 * does it. Apart from the rest, since only who makes a model file needs it.
 */
import type { QuantType } from './quant-type.ts';
import { bf16, quantizeBF16 } from './types/bf16.ts';
import { f16, quantizeF16 } from './types/f16.ts';
import { f32, quantizeF32 } from './types/f32.ts';
import { quantizeQ4_0 } from './types/q4_0.ts';
import { quantizeQ4_1 } from './types/q4_1.ts';
import { quantizeQ4_K } from './types/q4_k.ts';
import { quantizeQ5_0 } from './types/q5_0.ts';
import { quantizeQ5_1 } from './types/q5_1.ts';
import { quantizeQ5_K } from './types/q5_k.ts';
import { quantizeQ6_K } from './types/q6_k.ts';
import { quantizeQ8_0 } from './types/q8_0.ts';

/**
 * Quantizes whole blocks.
 * @param weights `n * blockSize` finite numbers; @param bytes `n` blocks, zeroed
 * @throws RangeError where a number is beyond what a half can hold
 */
export type Quantize = (weights: Float32Array, bytes: Uint8Array) => void;

/** By the names of the types. */
export const quantizers: Readonly<Record<string, Quantize>> = {
  F32: quantizeF32,
  F16: quantizeF16,
  BF16: quantizeBF16,
  Q4_0: quantizeQ4_0,
  Q4_1: quantizeQ4_1,
  Q5_0: quantizeQ5_0,
  Q5_1: quantizeQ5_1,
  Q8_0: quantizeQ8_0,
  Q4_K: quantizeQ4_K,
  Q5_K: quantizeQ5_K,
  Q6_K: quantizeQ6_K,
};

/** What may be quantized. */
export const floatTypes: readonly QuantType[] = [f32, f16, bf16];
