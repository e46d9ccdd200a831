/** A decoder of one block with random weights of any tensor type, run by the GPU ops and by the reference ops. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { QuantType } from '@tabllama/quants';
import type { ModelShape } from '../src/buffers.ts';
import {
  createMatrix,
  createProgram,
  createReferenceOps,
  createStaging,
  createVector,
  type Device,
  type GpuWeight,
  layoutWeight,
  type Ops,
  type Program,
  type ReferenceWeight,
  rowsOf,
  uploadRows,
  uploadVector,
} from '../src/index.ts';

const file = new URL('../../../fixtures/quants/quant-blocks.json.gz', import.meta.url);
const blocks: Record<string, { bytes: string }> = JSON.parse(gunzipSync(readFileSync(file)).toString()).types;

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A matrix in a file of its own, made of blocks that ggml quantized, shuffled. */
function randomMatrix(type: QuantType, rows: number, cols: number, next: () => number) {
  const key = Object.keys(blocks).find(name => name.toUpperCase() === type.name)!;
  const pool = new Uint8Array(Buffer.from(blocks[key].bytes, 'base64'));
  const count = pool.length / type.blockBytes;
  const bytes = new Uint8Array((rows * cols * type.blockBytes) / type.blockSize);
  for (let at = 0; at < bytes.length; at += type.blockBytes) {
    const from = Math.floor(next() * count) * type.blockBytes;
    bytes.set(pool.subarray(from, from + type.blockBytes), at);
  }
  const data = new Float32Array(rows * cols);
  type.dequantize(bytes, data);
  return { type, rows, cols, bytes, data };
}
type RandomMatrix = ReturnType<typeof randomMatrix>;

export interface Types {
  readonly table: QuantType;
  readonly q: QuantType;
  readonly k: QuantType;
  readonly v: QuantType;
  readonly output: QuantType;
  readonly gate: QuantType;
  readonly up: QuantType;
  readonly down: QuantType;
}

export const allOf = (type: QuantType): Types => ({
  table: type,
  q: type,
  k: type,
  v: type,
  output: type,
  gate: type,
  up: type,
  down: type,
});

export interface Extras {
  /** Biases of queries, keys and values, as Qwen 2 has them. */
  readonly bias?: boolean;
  /** Norms of queries and keys, as Qwen 3 has them. */
  readonly gains?: boolean;
}

interface Weights<W> {
  readonly table: W;
  readonly norms: readonly [W, W, W];
  readonly qkv: W;
  readonly bias?: W;
  readonly gains?: { readonly q: W; readonly k: W };
  readonly output: W;
  readonly gateUp: W;
  readonly down: W;
}

function forward<T, W>(ops: Ops<T, W>, shape: ModelShape, w: Weights<W>): T {
  let stream = ops.embed(w.table, w.norms[0]);
  const mixed = ops.attention(ops.project(stream, w.qkv, w.bias), 0, shape, w.gains);
  stream = ops.residual(stream, mixed, w.output, w.norms[1]);
  stream = ops.residual(stream, ops.glu(stream, w.gateUp), w.down, w.norms[2]);
  return ops.logits(stream, w.table);
}

/** The GPU's program and the reference's logits for the same weights. */
export async function oneBlock(
  device: Device,
  shape: ModelShape,
  types: Types,
  contextLength: number,
  extras: Extras = {},
  seed = 1,
): Promise<{ program: Program; reference: (tokens: readonly number[]) => Float64Array }> {
  const next = random(seed);
  const { embeddingLength: width, feedForwardLength: hidden, heads, kvHeads, headDim, vocabSize } = shape;
  const matrix = (type: QuantType, rows: number, cols: number) => randomMatrix(type, rows, cols, next);
  const vector = (length: number, center: number) =>
    Float32Array.from({ length }, () => center + next() - 0.5);
  const matrices = {
    table: [matrix(types.table, vocabSize, width)],
    qkv: [
      matrix(types.q, heads * headDim, width),
      matrix(types.k, kvHeads * headDim, width),
      matrix(types.v, kvHeads * headDim, width),
    ],
    output: [matrix(types.output, width, heads * headDim)],
    gateUp: [matrix(types.gate, hidden, width), matrix(types.up, hidden, width)],
    down: [matrix(types.down, width, hidden)],
  };
  const norms = [vector(width, 1), vector(width, 1), vector(width, 1)];
  const bias = extras.bias ? vector((heads + 2 * kvHeads) * headDim, 0) : undefined;
  const gains = extras.gains ? { q: vector(headDim, 1), k: vector(headDim, 1) } : undefined;
  const rope = Float32Array.from({ length: contextLength * shape.ropeDim }, (_, i) => {
    const pair = (i >> 1) % (shape.ropeDim / 2);
    const angle = Math.floor(i / shape.ropeDim) * 10000 ** (-pair / (shape.ropeDim / 2));
    return i % 2 ? Math.sin(angle) : Math.cos(angle);
  });

  using staging = createStaging(device);
  const uploaded: GpuWeight[] = [];
  const upload = async (parts: readonly RandomMatrix[], paired: boolean) => {
    const whole = new Uint8Array(await new Blob(parts.map(part => part.bytes)).arrayBuffer());
    let offset = 0;
    const rows = parts.map(part => {
      offset += part.bytes.length;
      return { type: part.type, rows: part.rows, offset: offset - part.bytes.length };
    });
    const layout = layoutWeight(rows, parts[0].cols, paired, device.maxBindingBytes);
    const weight = createMatrix(device, layout);
    uploaded.push(weight);
    const read = async (at: number, length: number) => whole.slice(at, at + length);
    for (const each of rowsOf(layout, weight)) await uploadRows(staging, each, read, () => {});
    return weight;
  };
  const put = async (values: Float32Array<ArrayBuffer>) => {
    const weight = createVector(device, values.length);
    await uploadVector(staging, weight, 0, values);
    return weight;
  };
  const onGpu: Weights<GpuWeight> = {
    table: await upload(matrices.table, false),
    qkv: await upload(matrices.qkv, false),
    output: await upload(matrices.output, false),
    gateUp: await upload(matrices.gateUp, true),
    down: await upload(matrices.down, false),
    norms: [await put(norms[0]), await put(norms[1]), await put(norms[2])],
    bias: bias && (await put(bias)),
    gains: gains && { q: await put(gains.q), k: await put(gains.k) },
  };
  staging.flush();
  const program = await createProgram(device, {
    shape,
    contextLength,
    rope,
    weights: uploaded,
    forward: ops => forward(ops, shape, onGpu),
  });

  const stack = (parts: readonly RandomMatrix[]): ReferenceWeight => ({
    rows: parts.reduce((sum, part) => sum + part.rows, 0),
    cols: parts[0].cols,
    data: Float32Array.from(parts.flatMap(part => [...part.data])),
  });
  const flat = (data: Float32Array): ReferenceWeight => ({ rows: 1, cols: data.length, data });
  const plain: Weights<ReferenceWeight> = {
    table: stack(matrices.table),
    qkv: stack(matrices.qkv),
    output: stack(matrices.output),
    gateUp: stack(matrices.gateUp),
    down: stack(matrices.down),
    norms: [flat(norms[0]), flat(norms[1]), flat(norms[2])],
    bias: bias && flat(bias),
    gains: gains && { q: flat(gains.q), k: flat(gains.k) },
  };
  const reference = (tokens: readonly number[]) => {
    const ops = createReferenceOps(
      { tokens, position: 0 },
      [{ k: [], v: [] }],
      Float64Array.from(rope),
      shape.epsilon,
    );
    return forward(ops, shape, plain);
  };
  return { program, reference };
}
