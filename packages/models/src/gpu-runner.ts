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
import type { DecoderConfig, DecoderWeights } from './architecture.ts';
import { findArchitecture } from './architectures/index.ts';
import { type CheckedWeight, checkWeights, mapWeights } from './checked-weights.ts';
import { readTensor } from './reference-runner.ts';
import { ropeTable } from './rope.ts';
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

interface Planned {
  readonly shape: ModelShape & DecoderConfig;
  readonly forward: ReturnType<typeof findArchitecture>['forward'];
  readonly weights: DecoderWeights<CheckedWeight>;
  /** Layout of every matrix. */
  readonly layouts: ReadonlyMap<CheckedWeight, WeightLayout>;
}

const key = (weight: CheckedWeight) => weight.parts.map(part => part.tensor.name).join();

/** Everything that the header decides. Throws ModelError. */
function plan(gguf: Gguf, maxBindingBytes: number): Planned {
  const { config: read, weights: specs, forward } = findArchitecture(gguf);
  const config = read(gguf);
  const weights = checkWeights(
    gguf,
    config,
    specs(config, name => gguf.tensors.has(name)),
  );
  const layouts = new Map<CheckedWeight, WeightLayout>();
  mapWeights(weights, key, weight => {
    if (weight.kind === 'vector') return;
    const matrices = weight.parts.map(({ tensor, type, rows }) => ({ type, rows, offset: tensor.offset }));
    layouts.set(weight, layoutWeight(matrices, weight.cols, weight.kind === 'pair', maxBindingBytes));
  });
  // keys and values have the precision of the weights, as far as that pays
  const isFull = [...layouts.values()].every(({ parts }) => parts.every(({ type }) => type.name === 'F32'));
  const shape = { ...config, cache: isFull ? ('f32' as const) : ('f16' as const) };
  return { shape, forward, weights, layouts };
}

/** What a runner will take, from the header alone. Throws ModelError for what cannot be run. */
export function estimateMemory(
  gguf: Gguf,
  contextLength: number,
  { layout, maxBindingBytes }: Pick<Device, 'layout' | 'maxBindingBytes'>,
): MemoryEstimate {
  const { shape, layouts } = plan(gguf, maxBindingBytes);
  const weights = [...layouts.values()].reduce((sum, each) => sum + weightBytes(each), 0);
  return {
    device: weights + programBytes(shape, layout, contextLength),
    kvCache: 2 * shape.blockCount * cacheBytes(shape, contextLength),
  };
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/**
 * Loads the model. Rejects with ModelError for what cannot be run, with DeviceError for what does not fit or does not compile here;
 * then, and when the signal is aborted, every buffer is freed again.
 */
export async function createGpuRunner(
  device: Device,
  gguf: Gguf,
  source: ByteSource,
  { contextLength, signal, onProgress }: GpuRunnerOptions,
): Promise<Runner> {
  const { shape, forward, weights, layouts } = plan(gguf, device.maxBindingBytes);
  const { device: needed, kvCache } = estimateMemory(gguf, contextLength, device);
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
    for (const weight of everyWeight(weights)) {
      const layout = layouts.get(weight);
      if (layout) {
        const matrix = keep(createMatrix(device, layout));
        loaded.set(weight, matrix);
        await uploadMatrix(device, layout, matrix, read, onBytes);
      } else {
        loaded.set(weight, keep(createVector(device, await readVector(gguf, source, weight))));
      }
    }
    onProgress?.({ phase: 'compile', completed: 0, total: 1 });
    const ready = mapWeights(weights, key, weight => loaded.get(weight)!);
    const rope = ropeTable(shape, contextLength, await readTensor(gguf, source, 'rope_freqs.weight'));
    const program = await createProgram(device, {
      shape,
      contextLength,
      rope: Float32Array.from(rope),
      weights: loaded.values(),
      forward: ops => forward(ops, shape, ready),
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

/** Every weight once. */
function everyWeight(weights: DecoderWeights<CheckedWeight>): CheckedWeight[] {
  const all: CheckedWeight[] = [];
  mapWeights(weights, key, weight => all.push(weight));
  return all;
}

async function readVector(gguf: Gguf, source: ByteSource, weight: CheckedWeight) {
  const values = new Float32Array(weight.cols);
  let at = 0;
  for (const { tensor } of weight.parts) {
    const part = (await readTensor(gguf, source, tensor.name))!;
    values.set(part, at);
    at += part.length;
  }
  return values;
}
