/** WGSL and its launch: device, ops, plans; and every op's twin in plain TypeScript. The only room that touches GPUDevice. */
export type { AttentionShape, Ops, Stream } from './ops.ts';
export { createReferenceOps, type ReferenceCache, type ReferenceWeight } from './reference.ts';
