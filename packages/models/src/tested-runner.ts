/** A model on the GPU by kernels that were tested on it. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import type { Device } from '@tabllama/kernels';
import { chooseCache, runOnGpu } from './gpu-runner.ts';
import type { GpuRunnerOptions } from './gpu-weights.ts';
import { readModel } from './model.ts';
import type { Runner } from './runner.ts';
import { selfTest } from './self-test.ts';

/**
 * Tests the kernels, where that was not done on this device, and loads the model. Rejects with ModelError for what cannot be run, with
 * DeviceError for what does not fit or is computed wrongly here.
 */
export async function createGpuRunner(
  device: Device,
  gguf: Gguf,
  source: ByteSource,
  options: GpuRunnerOptions,
): Promise<Runner> {
  const model = readModel(gguf);
  const cache = chooseCache(model, options.contextLength);
  await selfTest(device, model, cache, source, options.onProgress);
  return runOnGpu(device, model, source, { ...options, cache });
}
