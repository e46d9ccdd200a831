export type { Plane, QuantType } from './types.ts';
