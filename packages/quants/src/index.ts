/** One file per tensor type: how its blocks lie in the file and on the GPU, and what they mean. A new type is a file and a line here. */
import type { QuantType } from './quant-type.ts';
import { bf16 } from './types/bf16.ts';
import { f16 } from './types/f16.ts';
import { f32 } from './types/f32.ts';
import { q4_0 } from './types/q4_0.ts';
import { q4_1 } from './types/q4_1.ts';
import { q4_k } from './types/q4_k.ts';
import { q5_0 } from './types/q5_0.ts';
import { q5_1 } from './types/q5_1.ts';
import { q5_k } from './types/q5_k.ts';
import { q6_k } from './types/q6_k.ts';
import { q8_0 } from './types/q8_0.ts';

export { fromHalf } from './half.ts';
export type { Plane, QuantType } from './quant-type.ts';

export const quantTypes: readonly QuantType[] = [
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q4_k,
  q5_k,
  q6_k,
];

const byId = new Map(quantTypes.map(type => [type.id, type]));

/** The type of ggml's number `id`, or undefined where it cannot be run. */
export const findQuantType = (id: number): QuantType | undefined => byId.get(id);
