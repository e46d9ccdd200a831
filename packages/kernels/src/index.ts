/** WGSL and its launch: device, ops, plans; and every op's twin in plain TypeScript. The only room that touches GPUDevice. */
export { openArena } from './arena.ts';
export { cacheBytes, type ModelShape } from './buffers.ts';
export { type Device, DeviceError, type DeviceOptions, type Layout, openDevice } from './device.ts';
export type { AttentionShape, Ops, Stream } from './ops.ts';
export { createProgram, type Program, programBytes } from './program.ts';
export {
  createReferenceOps,
  createReferenceSampler,
  type ReferenceCache,
  type ReferenceWeight,
} from './reference.ts';
export { createReferenceTextOps } from './reference-texts.ts';
export { type Chain, greedy, type Mask, MOST_CANDIDATES } from './sampling.ts';
export { createStaging, type Staging } from './staging.ts';
export { decodeTexts, type Pooling, type TextBatch, type TextOps, type TextOptions } from './text-ops.ts';
export {
  createTextProgram,
  MOST_TEXTS,
  type TextProgram,
  type TextShape,
  textProgramBytes,
} from './text-program.ts';
export {
  createMatrix,
  createVector,
  type GpuWeight,
  type ReadBytes,
  rowsOf,
  uploadRows,
  uploadVector,
} from './upload.ts';
export { type FileRows, layoutWeight, type WeightLayout, weightBytes } from './weight-layout.ts';
