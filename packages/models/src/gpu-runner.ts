/** A model on the GPU: weights streamed from the file, then the architecture's forward pass recorded and replayed. */
import type { ByteSource } from '@tabllama/gguf';
import {
  cacheBytes,
  createProgram,
  type Device,
  DeviceError,
  type ModelShape,
  programBytes,
  type WeightLayout,
  weightBytes,
} from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { type GpuRunnerOptions, layoutMatrices, loadOnGpu, type MemoryEstimate, mib } from './gpu-weights.ts';
import { everyWeight, type Model, readRopeTable, replaceWeights } from './model.ts';
import type { Runner } from './runner.ts';

/** Keys and values are kept in full unless they would take more than so many times what the weights take; then as halves. */
const FULL_CACHE = 2;

const kvCacheBytes = (shape: ModelShape, contextLength: number) =>
  2 * shape.blockCount * cacheBytes(shape, contextLength);

/** How the KV cache of a model is kept. */
export function chooseCache(model: Model, contextLength: number): ModelShape['cache'] {
  const weights = everyWeight(model).flatMap(weight => weight.parts);
  const most = FULL_CACHE * weights.reduce((sum, part) => sum + part.tensor.bytes, 0);
  return kvCacheBytes({ ...model.config, cache: 'f32' }, contextLength) <= most ? 'f32' : 'f16';
}

const estimate = (
  shape: ModelShape,
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
  contextLength: number,
  layout: Device['layout'],
): MemoryEstimate => ({
  device:
    [...layouts.values()].reduce((sum, each) => sum + weightBytes(each), 0) +
    programBytes(shape, layout, contextLength),
  kvCache: kvCacheBytes(shape, contextLength),
});

export function estimateRunner(
  model: Model,
  contextLength: number,
  { layout, maxBindingBytes }: Pick<Device, 'layout' | 'maxBindingBytes'>,
): MemoryEstimate {
  const shape = { ...model.config, cache: chooseCache(model, contextLength) };
  return estimate(shape, layoutMatrices(everyWeight(model), maxBindingBytes), contextLength, layout);
}

/**
 * Loads a model whose header is read. Rejects with DeviceError for what does not fit or does not compile here; then, and when the
 * signal is aborted, every buffer is freed again.
 */
export async function runOnGpu(
  device: Device,
  model: Model,
  source: ByteSource,
  options: GpuRunnerOptions & { readonly cache: ModelShape['cache'] },
): Promise<Runner> {
  const { contextLength } = options;
  const shape: ModelShape = { ...model.config, cache: options.cache };
  const weights = everyWeight(model);
  const layouts = layoutMatrices(weights, device.maxBindingBytes);
  const { device: needed, kvCache } = estimate(shape, layouts, contextLength, device.layout);
  const keys = cacheBytes(shape, contextLength);
  if (keys > device.maxBindingBytes) {
    throw new DeviceError(
      'too-large',
      `a context of ${contextLength} tokens takes ${mib(keys)} for the keys of one layer, and the device binds ${mib(device.maxBindingBytes)} at most: lower num_ctx`,
    );
  }
  const rope = new Float32Array(await readRopeTable(model, source, contextLength));
  const noRoom = `the model takes ${mib(needed)} of GPU memory (${mib(kvCache)} of it for a context of ${contextLength} tokens), more than the device has free`;
  const { program, bytes, lost, free } = await loadOnGpu(
    device,
    source,
    weights,
    layouts,
    noRoom,
    options,
    (arena, onDevice) => {
      const ready = replaceWeights(model, weight => onDevice.get(weight)!);
      return createProgram(arena, {
        shape,
        contextLength,
        rope,
        weights: onDevice.values(),
        forward: ops => model.forward(ops, model.config, ready),
      });
    },
  );
  const { prefill, logits, decode, sample } = program;
  return {
    vocabSize: shape.vocabSize,
    contextLength,
    bytes,
    lost,
    prefill,
    logits,
    decode,
    sample,
    [Symbol.asyncDispose]: async () => free(),
  };
}
