/** A model on the GPU: weights streamed from the file, then the architecture's forward pass recorded and replayed. */
import { type ByteSource, readAhead } from '@tabllama/gguf';
import {
  cacheBytes,
  createMatrix,
  createProgram,
  createStaging,
  createVector,
  type Device,
  DeviceError,
  type GpuWeight,
  layoutWeight,
  type ModelShape,
  programBytes,
  rowsOf,
  type Staging,
  uploadRows,
  uploadVector,
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

/** Bytes between two reports of the upload: a message to the page costs as much as some of them. */
const REPORTED = 4 << 20;

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
  const { onDevice, staging, free: freeWeights } = allocateWeights(device, everyWeight(model), layouts);
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
    await upload(staging, source, layouts, onDevice, signal, onProgress);
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

/** Makes the buffers of every weight, and those on the way there; `free` destroys them. */
export function allocateWeights(
  device: Device,
  weights: readonly CheckedWeight[],
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
): { readonly onDevice: ReadonlyMap<CheckedWeight, GpuWeight>; readonly staging: Staging; free(): void } {
  const onDevice = new Map<CheckedWeight, GpuWeight>();
  for (const weight of weights) {
    const layout = layouts.get(weight);
    onDevice.set(weight, layout ? createMatrix(device, layout) : createVector(device, weight.cols));
  }
  const staging = createStaging(device);
  return {
    onDevice,
    staging,
    free() {
      staging[Symbol.dispose]();
      for (const { parts, vector } of onDevice.values()) {
        for (const buffer of parts.flatMap(part => part.planes)) device.destroyBuffer(buffer);
        if (vector) device.destroyBuffer(vector);
      }
    },
  };
}

/** Streams every weight from the file into its buffers, from the front of the file to its end; gives the staging back after that. */
export async function upload(
  staging: Staging,
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
  let reported = 0;
  const onBytes = (bytes: number) => {
    completed += bytes;
    if (completed - reported >= REPORTED || completed === total) {
      reported = completed;
      onProgress?.({ phase: 'upload', completed, total });
    }
    signal?.throwIfAborted();
  };
  const file = readAhead(source, signal);
  const steps = [...weights].flatMap(([weight, onDevice]) => {
    const layout = layouts.get(weight);
    if (!layout) return vectorSteps(weight, onDevice);
    return rowsOf(layout, onDevice).map(rows => ({
      offset: rows.offset,
      run: () => uploadRows(staging, rows, file.read, onBytes),
    }));
  });
  try {
    for (const { run } of steps.sort((a, b) => a.offset - b.offset)) await run();
  } finally {
    file[Symbol.dispose]();
  }
  staging.flush();
  staging[Symbol.dispose]();

  function vectorSteps(weight: CheckedWeight, onDevice: GpuWeight) {
    let end = 0;
    return weight.parts.map(part => {
      const start = end;
      const cols = Math.min(part.tensor.shape[0], weight.cols - start);
      end += cols;
      const run = async () =>
        uploadVector(staging, onDevice, start, await readWeight(file, { ...weight, cols, parts: [part] }));
      return { offset: part.tensor.offset, run };
    });
  }
}
