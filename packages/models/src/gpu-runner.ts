/** A model on the GPU: weights streamed from the file, then the architecture's forward pass recorded and replayed. */
import { type ByteSource, readAhead } from '@tabllama/gguf';
import {
  cacheBytes,
  createMatrix,
  createProgram,
  createUploader,
  createVector,
  type Device,
  DeviceError,
  type GpuWeight,
  layoutWeight,
  type ModelShape,
  programBytes,
  type WeightLayout,
  weightBytes,
} from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { everyWeight, type Model, readRopeTable, readWeight, replaceWeights } from './model.ts';
import type { Runner } from './runner.ts';

export interface MemoryEstimate {
  /** Bytes on the device: weights, KV cache and scratch. */
  readonly device: number;
  /** Of these, the KV cache. */
  readonly kvCache: number;
}

export interface GpuRunnerOptions {
  /** Positions of the KV cache. */
  readonly contextLength: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly phase: 'upload' | 'compile';
    /** Bytes of the file, or 0 and 1 of one compilation. */
    readonly completed: number;
    readonly total: number;
  }) => void;
}

/** The upload waits for the device whenever so many bytes are on their way. */
const IN_FLIGHT = 32 << 20;

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

/** Which rows of the matrices share a buffer. */
export function layoutMatrices(
  weights: readonly CheckedWeight[],
  maxBindingBytes: number,
): Map<CheckedWeight, WeightLayout> {
  const layouts = new Map<CheckedWeight, WeightLayout>();
  for (const weight of weights) {
    if (weight.kind === 'vector') continue;
    const matrices = weight.parts.map(({ tensor, type, rows }) => ({ type, rows, offset: tensor.offset }));
    layouts.set(weight, layoutWeight(matrices, weight.cols, weight.kind === 'pair', maxBindingBytes));
  }
  return layouts;
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

export const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

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
  const { contextLength, signal, onProgress } = options;
  const shape: ModelShape = { ...model.config, cache: options.cache };
  const layouts = layoutMatrices(everyWeight(model), device.maxBindingBytes);
  const { device: needed, kvCache } = estimate(shape, layouts, contextLength, device.layout);
  const keys = cacheBytes(shape, contextLength);
  if (keys > device.maxBindingBytes) {
    throw new DeviceError(
      'too-large',
      `a context of ${contextLength} tokens takes ${mib(keys)} for the keys of one layer, and the device binds ${mib(device.maxBindingBytes)} at most: lower num_ctx`,
    );
  }
  const rope = Float32Array.from(await readRopeTable(model, source, contextLength));
  const before = device.allocatedBytes;
  // everything is allocated first, so that a model that does not fit is refused before a byte is read
  const outOfMemory = device.watchMemory();
  const { onDevice, free: freeWeights } = allocateWeights(device, everyWeight(model), layouts);
  const ready = replaceWeights(model, weight => onDevice.get(weight)!);
  const compiling = createProgram(device, {
    shape,
    contextLength,
    rope,
    weights: onDevice.values(),
    forward: ops => model.forward(ops, model.config, ready),
  });
  const free = async () => {
    const program = await compiling.catch(() => undefined);
    program?.dispose();
    freeWeights();
  };
  try {
    if (await outOfMemory()) {
      throw new DeviceError(
        'too-large',
        `the model takes ${mib(needed)} of GPU memory (${mib(kvCache)} of it for a context of ${contextLength} tokens), more than the device has free`,
      );
    }
    await upload(device, source, layouts, onDevice, signal, onProgress);
    onProgress?.({ phase: 'compile', completed: 0, total: 1 });
    const { prefill, logits, decode, sample } = await compiling;
    onProgress?.({ phase: 'compile', completed: 1, total: 1 });
    return {
      vocabSize: shape.vocabSize,
      contextLength,
      bytes: device.allocatedBytes - before,
      lost: device.lost,
      prefill,
      logits,
      decode,
      sample,
      [Symbol.asyncDispose]: free,
    };
  } catch (error) {
    await free();
    throw error;
  }
}

/** Makes the buffers of every weight; `free` destroys them. */
export function allocateWeights(
  device: Device,
  weights: readonly CheckedWeight[],
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
): { readonly onDevice: ReadonlyMap<CheckedWeight, GpuWeight>; free(): void } {
  const onDevice = new Map<CheckedWeight, GpuWeight>();
  for (const weight of weights) {
    const layout = layouts.get(weight);
    onDevice.set(weight, layout ? createMatrix(device, layout) : createVector(device, weight.cols));
  }
  return {
    onDevice,
    free() {
      for (const { parts, vector } of onDevice.values()) {
        for (const buffer of parts.flatMap(part => part.planes)) device.destroyBuffer(buffer);
        if (vector) device.destroyBuffer(vector);
      }
    },
  };
}

/** Streams every weight from the file into its buffers. */
export async function upload(
  device: Device,
  source: ByteSource,
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
  weights: ReadonlyMap<CheckedWeight, GpuWeight>,
  signal: AbortSignal | undefined,
  onProgress: GpuRunnerOptions['onProgress'],
): Promise<void> {
  const total = [...layouts.keys()]
    .flatMap(weight => weight.parts)
    .reduce((sum, part) => sum + part.tensor.bytes, 0);
  let completed = 0;
  let inFlight = 0;
  const onBytes = async (bytes: number) => {
    signal?.throwIfAborted();
    completed += bytes;
    inFlight += bytes;
    onProgress?.({ phase: 'upload', completed, total });
    if (inFlight < IN_FLIGHT) return;
    inFlight = 0;
    await device.settled();
  };
  using file = readAhead(source, signal);
  const uploader = createUploader(device, file.read, onBytes);
  const inOrder = [...weights].sort(([a], [b]) => a.parts[0].tensor.offset - b.parts[0].tensor.offset);
  for (const [weight, onDevice] of inOrder) {
    const layout = layouts.get(weight);
    if (layout) await uploader.matrix(layout, onDevice);
    else uploader.vector(onDevice, await readWeight(file, weight));
  }
}
