/**
 * A test of the kernels that a model is about to use, on the device at hand: a driver may compile correct WGSL to something wrong. A
 * small model is cut out of the real one (the same types and head geometry, so the same pipelines; the first weights of the
 * first block of every combination of types) and must have the logits that the reference has.
 */
import type { ByteSource } from '@tabllama/gguf';
import {
  type Chain,
  createReferenceSampler,
  type Device,
  DeviceError,
  greedy,
  type ModelShape,
} from '@tabllama/kernels';
import type { DecoderBlock } from './architecture.ts';
import type { CheckedWeight } from './checked-weights.ts';
import { runOnGpu } from './gpu-runner.ts';
import type { GpuRunnerOptions } from './gpu-weights.ts';
import type { Model } from './model.ts';
import { runReference } from './reference-runner.ts';

const WIDTH = 256;
/** Enough that a lane of a sampling kernel has several tokens. */
const VOCABULARY = 256;
/** Every third token, for a while: the test takes only one. */
const everyThird = () => new Uint32Array(VOCABULARY / 32).fill(0x92492492);
/** The best token, the best of a mask, and the 40th of 40 that are all but equally probable. */
const CHAINS: readonly Chain[] = [
  greedy,
  { ...greedy, mask: everyThird },
  { ...greedy, topK: 40, temperature: 1e6, draw: () => 1 },
];
/** Relative error of the logits; a KV cache of halves makes some 1e-3, a wrong row of a matrix more than 5e-2. */
const TOLERANCE = 1e-2;

/** By the cache of the pipelines, which lives as long as the device. */
const known = new WeakMap<Device['pipelines'], Map<string, Promise<boolean>>>();

/** Makes sure that the model's kernels compute what they should: see `testKernels`. */
export async function selfTest(
  device: Device,
  model: Model,
  cache: ModelShape['cache'],
  source: ByteSource,
  onProgress: GpuRunnerOptions['onProgress'],
): Promise<void> {
  const small = cutOut(model);
  const { heads, kvHeads, headDim, ropeDim, ropeStyle } = small.config;
  const geometry = [heads, kvHeads, headDim, ropeDim, ropeStyle];
  const kinds = small.weights.blocks.map(block => [Object.keys(block), signature(block)]);
  const { output, tokenEmbd } = small.weights;
  const key = JSON.stringify([cache, geometry, kinds, typesOf(tokenEmbd), typesOf(output)]);
  await testKernels(device, key, onProgress, () => compare(device, small, cache, source));
}

/**
 * Runs a test of kernels. Where they are wrong, the device goes over to its next layout, with other kernels; rejects with DeviceError
 * when there is none left. Passed tests are remembered by their key for the life of the device, but for those that resolve to false:
 * they proved nothing.
 */
export async function testKernels(
  device: Device,
  key: string,
  onProgress: GpuRunnerOptions['onProgress'],
  test: () => Promise<boolean>,
): Promise<void> {
  const tests = known.get(device.pipelines) ?? new Map<string, Promise<boolean>>();
  known.set(device.pipelines, tests);
  // most of the time of a test is that the kernels are compiled for it
  const compileAndTest = async () => {
    onProgress?.({ phase: 'compile', completed: 0, total: 1 });
    const proved = await test();
    onProgress?.({ phase: 'compile', completed: 1, total: 1 });
    return proved;
  };
  for (;;) {
    const inLayout = `${key} ${JSON.stringify(device.layout)}`;
    const running = tests.get(inLayout) ?? compileAndTest();
    tests.set(inLayout, running);
    try {
      if (!(await running)) tests.delete(inLayout);
      return;
    } catch (error) {
      tests.delete(inLayout);
      const isWrong = error instanceof DeviceError && error.code === 'bad-kernel';
      if (!isWrong || !device.nextLayout()) throw error;
    }
  }
}

/**
 * Prefill, decode and the choice of a token. Rejects with DeviceError where they go wrong. Resolves to false where nothing could: the
 * small model has no logit but 0, as a model has whose weights are a script.
 */
async function compare(
  device: Device,
  small: Model,
  cache: ModelShape['cache'],
  source: ByteSource,
): Promise<boolean> {
  // a shorter prompt would be run without the kernels of a tile
  const last = device.layout.fewTokens + 5;
  const tokens = Array.from({ length: last + 1 }, (_, i) => (3 + 7 * i) % small.config.vocabSize);
  const prompt = tokens.slice(0, last);
  const contextLength = last + 4;
  const reference = await runReference(small, source, contextLength);
  const runner = await runOnGpu(device, small, source, { contextLength, cache });
  try {
    await runner.prefill(prompt, 0);
    await reference.prefill(prompt, 0);
    check('prefill', device, await runner.logits(), await reference.logits());
    const decoded = await reference.decode(tokens[last], last);
    check('decode', device, await runner.decode(tokens[last], last), decoded);
    for (const chain of CHAINS) {
      const logits = await runner.decode(tokens[last], last);
      const expected = createReferenceSampler(chain)(logits, chain.mask?.());
      for await (const token of runner.sample(tokens.length, chain)) {
        if (token === expected) break;
        throw wrong('sampling', device, `token ${token} for ${expected}`);
      }
    }
    return decoded.some(logit => logit !== 0);
  } finally {
    await runner[Symbol.asyncDispose]();
  }
}

export function check(what: string, device: Device, logits: Float32Array, expected: Float32Array): void {
  const norm = Math.hypot(...expected);
  const error = Math.hypot(...expected.map((value, i) => value - logits[i]));
  if (error <= TOLERANCE * norm) return;
  throw wrong(what, device, `relative error ${(error / norm).toPrecision(3)}`);
}

const wrong = (what: string, device: Device, how: string) =>
  new DeviceError('bad-kernel', `the GPU computes ${what} wrongly here (${how}; ${device.adapter})`);

export const typesOf = (weight: CheckedWeight) => weight.parts.map(part => part.type.name).join();
const signature = (block: DecoderBlock<CheckedWeight>) =>
  [block.attnQkv, block.attnOutput, block.ffnGateUp, block.ffnDown].map(typesOf).join(' ');

/** The model with narrower layers; rows and columns of its matrices are the first blocks of the real ones. */
function cutOut({ config, forward, weights, ropeFactors }: Model): Model {
  const embeddingLength = Math.min(config.embeddingLength, WIDTH);
  const feedForwardLength = Math.min(config.feedForwardLength, WIDTH);
  const vocabSize = Math.min(config.vocabSize, VOCABULARY);
  const kinds = new Map(weights.blocks.map(block => [signature(block), block] as const).reverse());
  const blocks = [...kinds.values()].map(block => ({
    ...block,
    attnNorm: cut(block.attnNorm, 1, embeddingLength),
    attnQkv: cut(block.attnQkv, undefined, embeddingLength),
    attnOutput: cut(block.attnOutput, embeddingLength, block.attnOutput.cols),
    ffnNorm: cut(block.ffnNorm, 1, embeddingLength),
    ffnGateUp: cut(block.ffnGateUp, feedForwardLength, embeddingLength),
    ffnDown: cut(block.ffnDown, embeddingLength, feedForwardLength),
  }));
  const table = (weight: CheckedWeight) => cut(weight, vocabSize, embeddingLength);
  return {
    config: { ...config, embeddingLength, feedForwardLength, vocabSize, blockCount: blocks.length },
    forward,
    weights: {
      tokenEmbd: table(weights.tokenEmbd),
      blocks,
      outputNorm: cut(weights.outputNorm, 1, embeddingLength),
      output: table(weights.output),
    },
    ropeFactors,
  };
}

/** The first rows and columns of a weight.
 * @param rows of every part; undefined: as many as it has */
export function cut(weight: CheckedWeight, rows: number | undefined, cols: number): CheckedWeight {
  let rowStart = 0;
  const parts = weight.parts.map(part => {
    const height = rows ?? part.rows;
    rowStart += height;
    return { ...part, rowStart: rowStart - height, rows: height };
  });
  return { ...weight, rows: weight.kind === 'vector' ? 1 : rowStart, cols, parts };
}
