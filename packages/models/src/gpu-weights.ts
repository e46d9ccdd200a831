/** The weights of a model on the GPU: laid out, allocated, streamed from the file while the kernels that use them are compiled. */
import { type ByteSource, readAhead } from '@tabllama/gguf';
import {
  createMatrix,
  createStaging,
  createVector,
  type Device,
  DeviceError,
  type GpuWeight,
  layoutWeight,
  openArena,
  rowsOf,
  type Staging,
  uploadRows,
  uploadVector,
  type WeightLayout,
} from '@tabllama/kernels';
import type { CheckedWeight } from './checked-weights.ts';
import { readWeight } from './model.ts';

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
    readonly phase: 'compile' | 'upload';
    /** 0 and 1 of one compilation, where kernels are new on this device; then bytes of the file. */
    readonly completed: number;
    readonly total: number;
  }) => void;
}

/** Bytes between two reports of the upload: a message to the page costs as much as some of them. */
const REPORTED = 4 << 20;

export const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

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

/** What is on the device of a model. */
export interface Loaded<Program> {
  readonly program: Program;
  /** Bytes of all its buffers. */
  readonly bytes: number;
  /** Resolves with a sentence when the device is lost. */
  readonly lost: Promise<string>;
  /** Destroys the buffers. */
  free(): void;
}

/**
 * Streams the weights to the device while `compile` makes the program that uses them. Everything is allocated first, while the first
 * bytes are read, so that a model that does not fit is refused at once, with a DeviceError that says `noRoom`. When anything fails, and
 * when the signal is aborted, every buffer is freed again.
 * @param layouts of the matrices among the weights
 */
export async function loadOnGpu<Program>(
  device: Device,
  source: ByteSource,
  weights: readonly CheckedWeight[],
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
  noRoom: string,
  { signal, onProgress }: Pick<GpuRunnerOptions, 'signal' | 'onProgress'>,
  compile: (device: Device, onDevice: ReadonlyMap<CheckedWeight, GpuWeight>) => Promise<Program>,
): Promise<Loaded<Program>> {
  const arena = openArena(device);
  const lost = Promise.withResolvers<string>();
  const forget = device.onLost(lost.resolve);
  const free = () => {
    forget();
    arena.free();
  };
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const file = readAhead(source, either);
  let compiling: Promise<Program> | undefined;
  try {
    // on its way while the buffers are made and the plans recorded
    file.begin(Math.min(...weights.flatMap(({ parts }) => parts.map(({ tensor }) => tensor.offset))));
    const outOfMemory = device.watchMemory();
    const onDevice = allocateWeights(arena.device, weights, layouts);
    const staging = createStaging(arena.device);
    compiling = compile(arena.device, onDevice);
    // without its kernels nothing need be uploaded
    compiling.catch(error => failed.abort(error));
    if (await outOfMemory()) throw new DeviceError('out-of-memory', noRoom);
    await upload(staging, file, layouts, onDevice, either, onProgress);
    const program = await compiling;
    return { program, bytes: arena.bytes, lost: lost.promise, free };
  } catch (error) {
    failed.abort(error); // so that nothing more is read
    await compiling?.catch(() => {}); // which writes into buffers
    free();
    throw error;
  } finally {
    file[Symbol.dispose]();
  }
}

/** Makes the buffers of every weight. */
function allocateWeights(
  device: Device,
  weights: readonly CheckedWeight[],
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
): ReadonlyMap<CheckedWeight, GpuWeight> {
  const onDevice = new Map<CheckedWeight, GpuWeight>();
  for (const weight of weights) {
    const layout = layouts.get(weight);
    onDevice.set(weight, layout ? createMatrix(device, layout) : createVector(device, weight.cols));
  }
  return onDevice;
}

/** Streams every weight from the file into its buffers, from the front of the file to its end; gives the staging back after that. */
async function upload(
  staging: Staging,
  file: ByteSource,
  layouts: ReadonlyMap<CheckedWeight, WeightLayout>,
  weights: ReadonlyMap<CheckedWeight, GpuWeight>,
  signal: AbortSignal,
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
    signal.throwIfAborted();
  };
  const steps = [...weights].flatMap(([weight, onDevice]) => {
    const layout = layouts.get(weight);
    if (!layout) return vectorSteps(weight, onDevice);
    return rowsOf(layout, onDevice).map(rows => ({
      offset: rows.offset,
      run: () => uploadRows(staging, rows, file.read, onBytes),
    }));
  });
  for (const { run } of steps.sort((a, b) => a.offset - b.offset)) await run();
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
