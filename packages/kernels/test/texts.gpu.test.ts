/** The kernels of whole texts against their twins in float64: every op, in both layouts, several texts in one pass. */
import { findQuantType } from '@tabllama/quants';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createMatrix,
  createReferenceTextOps,
  createStaging,
  createTextProgram,
  createVector,
  type Device,
  decodeTexts,
  type GpuWeight,
  layoutWeight,
  openDevice,
  type ReferenceWeight,
  rowsOf,
  type TextOps,
  type TextOptions,
  type TextShape,
  uploadRows,
  uploadVector,
} from '../src/index.ts';
import { gpu } from './dawn.ts';
import { random } from './one-block.ts';

// compilers of software adapters take their time
vi.setConfig({ testTimeout: 300_000 });

const F32 = findQuantType(0)!;
const VOCABULARY = 50;
const TOKENS = 96;
const LENGTHS = [1, 40, 7, 3, 21];

/** A weight of random numbers by its name; a vector has one row. */
type Weight<W> = (name: string, rows: number, cols: number) => W;
type Forward = typeof encoder;

const vector = <W>(weight: Weight<W>, name: string, length: number) => weight(name, 1, length);

function encoder<T, W>(ops: TextOps<T, W>, weight: Weight<W>, shape: TextShape): T {
  const { embeddingLength: width, feedForwardLength: hidden, heads, headDim } = shape;
  const norm = (x: T, name: string) =>
    ops.layerNorm(x, vector(weight, `${name} gain`, width), vector(weight, `${name} bias`, width));
  const inner = heads * headDim;
  const positions = weight('positions', TOKENS, width);
  let x = ops.embed(weight('tokens', VOCABULARY, width), { positions, types: weight('types', 2, width) });
  x = norm(x, 'first');
  const qkv = ops.project(x, weight('qkv', 3 * inner, width), vector(weight, 'qkv bias', 3 * inner));
  const mixed = ops.attention(qkv, shape);
  x = norm(
    ops.residual(x, mixed, weight('output', width, inner), vector(weight, 'output bias', width)),
    'second',
  );
  const up = ops.gelu(x, weight('up', hidden, width), vector(weight, 'up bias', hidden));
  return ops.pool(norm(ops.residual(x, up, weight('down', width, hidden)), 'third'));
}

function decoder<T, W>(textOps: TextOps<T, W>, weight: Weight<W>, shape: TextShape): T {
  const { embeddingLength: width, feedForwardLength: hidden, heads, kvHeads, headDim } = shape;
  const ops = decodeTexts(textOps);
  const gain = (name: string, length: number) => vector(weight, name, length);
  const gains = { q: gain('q', headDim), k: gain('k', headDim) };
  let stream = ops.embed(weight('tokens', VOCABULARY, width), gain('first', width));
  const qkv = ops.project(stream, weight('qkv', (heads + 2 * kvHeads) * headDim, width));
  const mixed = ops.attention(qkv, 0, shape, gains);
  stream = ops.residual(stream, mixed, weight('output', width, heads * headDim), gain('second', width));
  const both = ops.glu(stream, weight('gate and up', 2 * hidden, width));
  stream = ops.residual(stream, both, weight('down', width, hidden), gain('third', width));
  return ops.logits(stream, weight('tokens', VOCABULARY, width));
}

const shape: TextShape = {
  embeddingLength: 64,
  feedForwardLength: 96,
  heads: 4,
  kvHeads: 4,
  headDim: 16,
  ropeDim: 0,
  ropeStyle: 'neox',
  scale: 0.25,
  epsilon: 1e-5,
  gated: true,
};
const options: TextOptions = { pooling: 'mean', causal: false, epsilon: 1e-5 };

async function check(device: Device, forward: Forward, each: TextShape, how: TextOptions): Promise<void> {
  const next = random(5);
  const data = new Map<string, Float32Array<ArrayBuffer>>();
  const numbers = (name: string, rows: number, cols: number) => {
    const known = data.get(name) ?? Float32Array.from({ length: rows * cols }, () => next() - 0.5);
    data.set(name, known);
    return known;
  };
  using staging = createStaging(device);
  const uploads: (() => Promise<void>)[] = [];
  const rope = Float32Array.from({ length: TOKENS * each.ropeDim }, (_, i) => {
    const half = each.ropeDim / 2;
    const angle = Math.floor(i / each.ropeDim) * 10000 ** (-((i >> 1) % half) / half);
    return i % 2 ? Math.sin(angle) : Math.cos(angle);
  });
  const onDevice: Weight<GpuWeight> = (name, rows, cols) => {
    const values = numbers(name, rows, cols);
    const read = async (at: number, length: number) => new Uint8Array(values.buffer.slice(at, at + length));
    if (rows === 1) {
      const made = createVector(device, cols);
      uploads.push(() => uploadVector(staging, made, 0, values));
      return made;
    }
    const layout = layoutWeight([{ type: F32, rows, offset: 0 }], cols, false, device.maxBindingBytes);
    const made = createMatrix(device, layout);
    uploads.push(...rowsOf(layout, made).map(each => () => uploadRows(staging, each, read, () => {})));
    return made;
  };
  const program = await createTextProgram(device, {
    ...how,
    shape: each,
    mostTokens: TOKENS,
    rope,
    forward: ops => forward(ops, onDevice, each),
  });
  for (const upload of uploads) await upload();
  staging.flush();
  const plain: Weight<ReferenceWeight> = (name, rows, cols) => ({
    rows,
    cols,
    data: numbers(name, rows, cols),
  });
  // what a batch leaves behind must not show in a shorter one
  for (const lengths of [LENGTHS, LENGTHS.toReversed(), [5]]) {
    const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0));
    const texts = ends.map((end, i) => [end - lengths[i], end] as const);
    const tokens = Array.from({ length: ends.at(-1)! }, () => Math.floor(next() * VOCABULARY));
    const batch = { tokens, texts };
    const expected = forward(createReferenceTextOps(batch, how, Float64Array.from(rope)), plain, each);
    const ours = (await program.run(batch)).flatMap(vector => [...vector]);
    expect(ours).toHaveLength(expected.length);
    const error = Math.hypot(...ours.map((value, i) => value - expected[i])) / Math.hypot(...expected);
    expect(error).toBeLessThan(1e-5);
  }
}

describe.each([
  ['of the adapter', undefined],
  ['of a graphics card', { matvec: 'split', lanes: 64, tokenLanes: 16, tileTokens: 128, fewTokens: 4 }],
] as const)('in the layout %s', (_, layout) => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice(gpu, { layout });
  });
  afterAll(() => device.destroy());

  it('an encoder with positions and types', () => check(device, encoder, shape, options));
  it('one that rotates halves of its heads, pooled by the first token', () =>
    check(device, encoder, { ...shape, ropeDim: 8 }, { ...options, pooling: 'cls' }));
  it('one whose widths are no multiples of 32, causal', () =>
    check(
      device,
      encoder,
      { ...shape, embeddingLength: 60, feedForwardLength: 44, headDim: 12 },
      { ...options, causal: true },
    ));
  it('a decoder with grouped queries and normed heads, pooled by the last token', () =>
    check(
      device,
      decoder,
      { ...shape, kvHeads: 2, ropeDim: 16, ropeStyle: 'norm' },
      { ...options, causal: true, pooling: 'last' },
    ));
});
