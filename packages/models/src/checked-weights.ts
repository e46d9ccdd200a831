/** The weights of a file as an architecture names them: present, of the expected shape, of a type that can be run. */
import type { Gguf, TensorInfo } from '@tabllama/gguf';
import { findQuantType, type QuantType } from '@tabllama/quants';
import { type DecoderConfig, type DecoderWeights, ModelError, type WeightSpec } from './architecture.ts';

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
): DecoderWeights<B> {
  const known = new Map<string, B>();
  const one = (weight: A): B => {
    const name = key(weight);
    if (!known.has(name)) known.set(name, map(weight));
    return known.get(name) as B;
  };
  return {
    tokenEmbd: one(weights.tokenEmbd),
    blocks: weights.blocks.map(
      block =>
        Object.fromEntries(Object.entries(block).map(([name, weight]) => [name, one(weight)])) as never,
    ),
    outputNorm: one(weights.outputNorm),
    output: one(weights.output),
  };
}

/** Checks every weight of the file against the config, before anything is allocated. */
export function checkWeights(
  gguf: Gguf,
  config: DecoderConfig,
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
