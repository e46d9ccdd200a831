/** What a load will take of the device, from the header alone. */
import type { Gguf } from '@tabllama/gguf';
import type { Device } from '@tabllama/kernels';
import { readEmbeddingModel } from './embedding-model.ts';
import { readPooling } from './encoder.ts';
import { estimateEmbedder } from './gpu-embedder.ts';
import { estimateRunner } from './gpu-runner.ts';
import type { MemoryEstimate } from './gpu-weights.ts';
import { readModel } from './model.ts';

/** Throws ModelError for what cannot be run. */
export const estimateMemory = (
  gguf: Gguf,
  contextLength: number,
  device: Pick<Device, 'layout' | 'maxBindingBytes'>,
): MemoryEstimate =>
  readPooling(gguf)
    ? estimateEmbedder(readEmbeddingModel(gguf), contextLength, device)
    : estimateRunner(readModel(gguf), contextLength, device);
