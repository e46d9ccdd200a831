/** An embedder on the GPU: weights streamed from the file, then the architecture's pass over texts recorded and replayed. */
import type { ByteSource } from '@tabllama/gguf';
import {
  createTextProgram,
  type Device,
  DeviceError,
  MOST_TEXTS,
  type TextShape,
  textProgramBytes,
  weightBytes,
} from '@tabllama/kernels';
import { type Embedder, packTexts } from './embedder.ts';
import type { EmbeddingModel } from './embedding-model.ts';
import { type GpuRunnerOptions, layoutMatrices, loadOnGpu, type MemoryEstimate, mib } from './gpu-weights.ts';
import { readRopeTable } from './model.ts';

const shapeOf = ({ config, weights }: EmbeddingModel): TextShape => ({
  ...config,
  gated: weights.some(({ kind }) => kind === 'pair'),
});

export function estimateEmbedder(
  model: EmbeddingModel,
  contextLength: number,
  { layout, maxBindingBytes }: Pick<Device, 'layout' | 'maxBindingBytes'>,
): MemoryEstimate {
  const matrices = [...layoutMatrices(model.weights, maxBindingBytes).values()];
  const { total } = textProgramBytes(shapeOf(model), layout, contextLength);
  return { device: matrices.reduce((sum, each) => sum + weightBytes(each), 0) + total, kvCache: 0 };
}

/**
 * Loads a model whose header is read. Rejects with DeviceError for what does not fit or does not compile here; then, and when the
 * signal is aborted, every buffer is freed again.
 */
export async function embedOnGpu(
  device: Device,
  model: EmbeddingModel,
  source: ByteSource,
  options: GpuRunnerOptions,
): Promise<Embedder> {
  const { contextLength } = options;
  const { config, weights } = model;
  const shape = shapeOf(model);
  const { largest } = textProgramBytes(shape, device.layout, contextLength);
  if (largest > device.maxBindingBytes) {
    throw new DeviceError(
      'too-large',
      `texts of ${contextLength} tokens take ${mib(largest)} in one piece, and the device binds ${mib(device.maxBindingBytes)} at most: lower num_ctx`,
    );
  }
  const { device: needed } = estimateEmbedder(model, contextLength, device);
  const layouts = layoutMatrices(weights, device.maxBindingBytes);
  const rope = new Float32Array(await readRopeTable(model, source, contextLength));
  const noRoom = `the model takes ${mib(needed)} of GPU memory for texts of ${contextLength} tokens, more than the device has free`;
  const { program, bytes, lost, free } = await loadOnGpu(
    device,
    source,
    weights,
    layouts,
    noRoom,
    options,
    (arena, onDevice) =>
      createTextProgram(arena, {
        ...model.options,
        shape,
        mostTokens: contextLength,
        rope,
        forward: ops => model.forward(ops, weight => onDevice.get(weight)!),
      }),
  );
  return {
    vocabSize: config.vocabSize,
    contextLength,
    bytes,
    lost,
    async embed(texts, signal) {
      const vectors: Float32Array<ArrayBuffer>[] = [];
      for (const batch of packTexts(texts, contextLength, MOST_TEXTS)) {
        signal?.throwIfAborted();
        for (const vector of await program.run(batch)) vectors.push(vector);
      }
      return vectors;
    },
    [Symbol.asyncDispose]: async () => free(),
  };
}
