/** A model on the GPU: weights streamed from the file, then the architecture's forward pass recorded and replayed. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import {
  cacheBytes,
  createMatrix,
  createProgram,
  createVector,
  type Device,
  DeviceError,
  type GpuWeight,
  layoutWeight,
  type ModelShape,
  programBytes,
  uploadMatrix,
  type WeightLayout,
  weightBytes,
} from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { everyWeight, type Model, readModel, readRopeTable, readWeight, replaceWeights } from './model.ts';
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

/** How the model's weights and caches lie on a device. */
function planMemory(model: Model, maxBindingBytes: number) {
  const layouts = new Map<CheckedWeight, WeightLayout>();
  for (const weight of everyWeight(model)) {
    if (weight.kind === 'vector') continue;
    const matrices = weight.parts.map(({ tensor, type, rows }) => ({ type, rows, offset: tensor.offset }));
    layouts.set(weight, layoutWeight(matrices, weight.cols, weight.kind === 'pair', maxBindingBytes));
  }
  // keys and values have the precision of the weights, as far as that pays
  const isFull = [...layouts.values()].every(({ parts }) => parts.every(({ type }) => type.name === 'F32'));
  const shape: ModelShape = { ...model.config, cache: isFull ? 'f32' : 'f16' };
  return { shape, layouts };
}

/** What a runner will take, from the header alone. Throws ModelError for what cannot be run. */
export const estimateMemory = (
  gguf: Gguf,
  contextLength: number,
  device: Pick<Device, 'layout' | 'maxBindingBytes'>,
): MemoryEstimate =>
  estimate(planMemory(readModel(gguf), device.maxBindingBytes), contextLength, device.layout);

function estimate(
  { shape, layouts }: ReturnType<typeof planMemory>,
  contextLength: number,
  layout: Device['layout'],
): MemoryEstimate {
  const weights = [...layouts.values()].reduce((sum, each) => sum + weightBytes(each), 0);
  return {
    device: weights + programBytes(shape, layout, contextLength),
    kvCache: 2 * shape.blockCount * cacheBytes(shape, contextLength),
  };
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/**
 * Loads a model whose header is read. Rejects with DeviceError for what does not fit or does not compile here; then, and when the
 * signal is aborted, every buffer is freed again.
 */
export async function runOnGpu(
  device: Device,
  model: Model,
  source: ByteSource,
  { contextLength, signal, onProgress }: GpuRunnerOptions,
): Promise<Runner> {
  const memory = planMemory(model, device.maxBindingBytes);
  const { shape, layouts } = memory;
  const { device: needed, kvCache } = estimate(memory, contextLength, device.layout);
  const cache = cacheBytes(shape, contextLength);
  if (cache > device.maxBindingBytes) {
    throw new DeviceError(
      'too-large',
      `a context of ${contextLength} tokens takes ${mib(cache)} a layer and half, of which the device binds ${mib(device.maxBindingBytes)} at most: lower num_ctx`,
    );
  }
  const before = device.allocatedBytes;
  const buffers = new Set<GPUBuffer>();
  const free = () => {
    for (const buffer of buffers) device.destroyBuffer(buffer);
  };
  const keep = (weight: GpuWeight) => {
    for (const part of weight.parts) for (const plane of part.planes) buffers.add(plane);
    if (weight.vector) buffers.add(weight.vector);
    return weight;
  };
  const outOfMemory = device.watchMemory();
  try {
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
    const read = (offset: number, length: number) => source.read(offset, length, signal);
    const loaded = new Map<CheckedWeight, GpuWeight>();
    for (const weight of everyWeight(model)) {
      const layout = layouts.get(weight);
      if (layout) {
        const matrix = keep(createMatrix(device, layout));
        loaded.set(weight, matrix);
        await uploadMatrix(device, layout, matrix, read, onBytes);
      } else {
        loaded.set(weight, keep(createVector(device, await readWeight(source, weight, signal))));
      }
    }
    onProgress?.({ phase: 'compile', completed: 0, total: 1 });
    const ready = replaceWeights(model, weight => loaded.get(weight)!);
    const program = await createProgram(device, {
      shape,
      contextLength,
      rope: Float32Array.from(await readRopeTable(model, source, contextLength)),
      weights: loaded.values(),
      forward: ops => model.forward(ops, model.config, ready),
    });
    if (await outOfMemory()) {
      program.dispose();
      throw new DeviceError(
        'too-large',
        `the model takes ${mib(needed)} of GPU memory (${mib(kvCache)} of it for a context of ${contextLength} tokens), more than the device has free`,
      );
    }
    onProgress?.({ phase: 'compile', completed: 1, total: 1 });
    const { prefill, logits, decode, greedy } = program;
    return {
      vocabSize: shape.vocabSize,
      contextLength,
      bytes: device.allocatedBytes - before,
      lost: device.lost,
      prefill,
      logits,
      decode,
      greedy,
      async [Symbol.asyncDispose]() {
        program.dispose();
        free();
      },
    };
  } catch (error) {
    await outOfMemory();
    free();
    throw error;
  }
}
