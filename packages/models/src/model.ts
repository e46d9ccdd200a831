/** What the header of a file decides about a model, checked; both runners start from it. */
import type { ByteSource, Gguf } from '@tabllama/gguf';
import type { Architecture, DecoderWeights, TransformerConfig } from './architecture.ts';
import { findArchitecture } from './architectures/index.ts';
import { type CheckedWeight, checkWeight, checkWeights, mapWeights } from './checked-weights.ts';
import { ropeTable } from './rope.ts';

export interface Model {
  readonly config: TransformerConfig;
  readonly forward: Architecture['forward'];
  readonly weights: DecoderWeights<CheckedWeight>;
  /** Divisors of the rotary frequencies, [ropeDim/2], where the file has some. */
  readonly ropeFactors?: CheckedWeight;
}

/** Reads and checks everything. Throws ModelError for what cannot be run. */
export function readModel(gguf: Gguf): Model {
  const { config: readConfig, weights: specs, forward } = findArchitecture(gguf);
  const config = readConfig(gguf);
  const has = (name: string) => gguf.tensors.has(name);
  const weights = checkWeights(gguf, config, specs(config, has));
  return { config, forward, weights, ropeFactors: readRopeFactors(gguf, config) };
}

/** `rope_freqs.weight`, where the file has it. */
export function readRopeFactors(gguf: Gguf, { ropeDim }: TransformerConfig): CheckedWeight | undefined {
  const name = 'rope_freqs.weight';
  return gguf.tensors.has(name)
    ? checkWeight(gguf, { kind: 'vector', names: [name] }, { rows: 1, cols: ropeDim / 2 })
    : undefined;
}

export const nameOf = (weight: CheckedWeight) => weight.parts.map(part => part.tensor.name).join();

/** The weights with each replaced; one that is used twice is replaced once. */
export const replaceWeights = <B>(model: Model, map: (weight: CheckedWeight) => B): DecoderWeights<B> =>
  mapWeights(model.weights, nameOf, map);

/** Every weight once. */
export function everyWeight(model: Model): CheckedWeight[] {
  const all: CheckedWeight[] = [];
  replaceWeights(model, weight => all.push(weight));
  return all;
}

/** The numbers of a weight, dequantized: [rows · cols]. */
export async function readWeight(
  source: ByteSource,
  { kind, rows, cols, parts }: CheckedWeight,
  signal?: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const values = new Float32Array(rows * cols);
  let at = 0;
  for (const { tensor, type, rows: height } of parts) {
    const count = kind === 'vector' ? Math.min(tensor.shape[0], cols - at) : height * cols;
    const bytes = await source.read(tensor.offset, (count / type.blockSize) * type.blockBytes, signal);
    type.dequantize(bytes, values.subarray(at, at + count));
    at += count;
  }
  return values;
}

/** [positions][ropeDim/2] cosine, sine. */
export async function readRopeTable(
  { config, ropeFactors }: Pick<Model, 'config' | 'ropeFactors'>,
  source: ByteSource,
  positions: number,
): Promise<Float64Array> {
  return ropeTable(config, positions, ropeFactors && (await readWeight(source, ropeFactors)));
}
