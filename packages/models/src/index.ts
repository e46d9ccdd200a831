/** One file per architecture, and the two ways to run one: on the GPU, or on the reference ops in float64. */
export { ModelError } from './architecture.ts';
export { architectures, findArchitecture } from './architectures/index.ts';
export type { Embedder } from './embedder.ts';
export { readPooling } from './encoder.ts';
export { estimateMemory } from './estimate-memory.ts';
export type { GpuRunnerOptions, MemoryEstimate } from './gpu-weights.ts';
export { createReferenceEmbedder } from './reference-embedder.ts';
export { createReferenceRunner } from './reference-runner.ts';
export type { Runner } from './runner.ts';
export { createGpuEmbedder } from './tested-embedder.ts';
export { createGpuRunner } from './tested-runner.ts';
