/** The weights of a file as an architecture names them: present, of the expected shape, of a type that can be run. */
import type { Gguf, TensorInfo } from '@tabllama/gguf';
import { findQuantType, type QuantType } from '@tabllama/quants';
import {
  type DecoderWeights,
  type EncoderWeights,
  ModelError,
  type TransformerConfig,
  type WeightSpec,
} from './architecture.ts';

/** One tensor of a weight: `rows` rows from `rowStart` on. */
export interface WeightPart {
  readonly tensor: TensorInfo;
  readonly type: QuantType;
  readonly rowStart: number;
  readonly rows: number;
}

/** A weight with its tensors stacked row upon row; a vector is one row of `cols`. */
export interface CheckedWeight {
  readonly kind: WeightSpec['kind'];
  readonly rows: number;
  readonly cols: number;
  readonly parts: readonly WeightPart[];
}

/** @param expected shape of the whole. Throws ModelError that names the tensor. */
export function checkWeight(
  gguf: Gguf,
  { kind, names }: WeightSpec,
  expected?: { readonly rows: number; readonly cols: number },
): CheckedWeight {
  const parts: WeightPart[] = [];
  let rows = 0;
  let cols = 0;
  for (const name of names) {
    const tensor = gguf.tensors.get(name);
    if (!tensor) throw new ModelError(`the model has no tensor ${name}`);
    const type = findQuantType(tensor.type);
    if (!type) throw new ModelError(`tensor ${name} has type ${tensor.type}, which this engine does not run`);
    const [width, height = 1, ...rest] = tensor.shape;
    if (rest.some(size => size !== 1))
      throw new ModelError(`tensor ${name} has shape ${tensor.shape.join('×')}`);
    if (kind === 'vector' ? height !== 1 : cols !== 0 && width !== cols) {
      throw new ModelError(
        `tensor ${name} has shape ${tensor.shape.join('×')}, which does not fit ${names[0]}`,
      );
    }
    parts.push({ tensor, type, rowStart: rows, rows: height });
    rows += height;
    cols = kind === 'vector' ? cols + width : width;
  }
  const weight = { kind, rows: kind === 'vector' ? 1 : rows, cols, parts };
  if (expected) expectShape(weight, expected.rows, expected.cols);
  return weight;
}

function expectShape(weight: CheckedWeight, rows: number, cols: number): void {
  if (weight.rows === rows && weight.cols === cols) return;
  const names = weight.parts.map(part => part.tensor.name).join(', ');
  throw new ModelError(`${names}: ${weight.rows} rows of ${weight.cols}, expected ${rows} of ${cols}`);
}

/** Applies `map` to every weight; equal specs are mapped once. */
export function mapWeights<A extends object, B>(
  weights: DecoderWeights<A>,
  key: (weight: A) => string,
  map: (weight: A) => B,
): DecoderWeights<B>;
export function mapWeights<A extends object, B>(
  weights: EncoderWeights<A>,
  key: (weight: A) => string,
  map: (weight: A) => B,
): EncoderWeights<B>;
export function mapWeights<A extends object, B>(
  weights: object,
  key: (weight: A) => string,
  map: (weight: A) => B,
): object {
  const known = new Map<string, B>();
  const one = (weight: A): B => {
    const name = key(weight);
    if (!known.has(name)) known.set(name, map(weight));
    return known.get(name) as B;
  };
  const group = (weights: object): object =>
    Object.fromEntries(
      Object.entries(weights).map(([name, weight]) => [
        name,
        Array.isArray(weight) ? weight.map(group) : one(weight),
      ]),
    );
  return group(weights);
}

/** Checks every weight of the file against the config, before anything is allocated. */
export function checkWeights(
  gguf: Gguf,
  config: TransformerConfig,
  specs: DecoderWeights<WeightSpec>,
): DecoderWeights<CheckedWeight> {
  const weights = mapWeights(
    specs,
    spec => spec.names.join(),
    spec => checkWeight(gguf, spec),
  );
  const { embeddingLength: width, feedForwardLength: hidden, heads, kvHeads, headDim, vocabSize } = config;
  expectShape(weights.tokenEmbd, vocabSize, width);
  expectShape(weights.output, vocabSize, width);
  expectShape(weights.outputNorm, 1, width);
  for (const block of weights.blocks) {
    const qkv = (heads + 2 * kvHeads) * headDim;
    expectShape(block.attnNorm, 1, width);
    expectShape(block.ffnNorm, 1, width);
    expectShape(block.attnQkv, qkv, width);
    if (block.attnQkvBias) expectShape(block.attnQkvBias, 1, qkv);
    if (block.attnQNorm) expectShape(block.attnQNorm, 1, headDim);
    if (block.attnKNorm) expectShape(block.attnKNorm, 1, headDim);
    expectShape(block.attnOutput, width, heads * headDim);
    expectShape(block.ffnGateUp, 2 * hidden, width);
    expectShape(block.ffnDown, width, hidden);
  }
  return weights;
}

/** The same for an encoder. */
export function checkEncoderWeights(
  gguf: Gguf,
  config: TransformerConfig,
  specs: EncoderWeights<WeightSpec>,
): EncoderWeights<CheckedWeight> {
  const weights = mapWeights(
    specs,
    spec => spec.names.join(),
    spec => checkWeight(gguf, spec),
  );
  const { embeddingLength: width, feedForwardLength: hidden, heads, kvHeads, headDim } = config;
  const vector = (cols: number, ...all: (CheckedWeight | undefined)[]) => {
    for (const one of all) if (one) expectShape(one, 1, cols);
  };
  expectShape(weights.tokenEmbd, config.vocabSize, width);
  vector(width, weights.tokenEmbdNorm, weights.tokenEmbdNormBias);
  if (weights.tokenTypes) expectShape(weights.tokenTypes, weights.tokenTypes.rows, width);
  if (weights.positionEmbd) expectShape(weights.positionEmbd, config.contextLength, width);
  for (const block of weights.blocks) {
    const qkv = (heads + 2 * kvHeads) * headDim;
    const up = hidden * block.ffnUp.parts.length;
    expectShape(block.attnQkv, qkv, width);
    vector(qkv, block.attnQkvBias);
    expectShape(block.attnOutput, width, heads * headDim);
    expectShape(block.ffnUp, up, width);
    vector(up, block.ffnUpBias);
    expectShape(block.ffnDown, width, hidden);
    vector(width, block.attnOutputBias, block.attnOutputNorm, block.attnOutputNormBias);
    vector(width, block.ffnDownBias, block.layerOutputNorm, block.layerOutputNormBias);
  }
  return weights;
}
