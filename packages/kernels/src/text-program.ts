/** A model's pass over whole texts on the device: the ops that record it, its buffers, and its replay for one batch after another. */

import type { ModelShape } from './buffers.ts';
import type { Device } from './device.ts';
import type { AttentionShape } from './ops.ts';
import { createPlan, type Dispatch } from './plan.ts';
import {
  bool,
  constantsOf,
  embedRows,
  floatBits,
  gluRows,
  groupsOf,
  matmulRows,
  normRows,
  type Tile,
} from './rows.ts';
import type { TextBatch, TextOps, TextOptions } from './text-ops.ts';
import type { GpuWeight } from './upload.ts';
import { pad32 } from './weight-layout.ts';

/** Texts of a batch at most. */
export const MOST_TEXTS = 128;

export interface TextShape extends Omit<ModelShape, 'vocabSize' | 'blockCount' | 'cache'> {
  /** The feed-forward has a gate. */
  readonly gated: boolean;
}

export interface TextProgramOptions extends TextOptions {
  readonly shape: TextShape;
  /** Tokens that a batch may have. */
  readonly mostTokens: number;
  /** [mostTokens][ropeDim/2] cosine, sine. */
  readonly rope: Float32Array<ArrayBuffer>;
  /** The model's forward pass, called with recording ops. */
  readonly forward: (ops: TextOps<GPUBuffer, GpuWeight>) => void;
}

export interface TextProgram {
  /** The vector of each text. Batches are run one at a time. */
  run(batch: TextBatch): Promise<Float32Array<ArrayBuffer>[]>;
}

/** Tokens that there is room for: so many that a lane of a matmul always has eight. */
const roomFor = ({ tokenLanes }: Device['layout'], tokens: number) =>
  Math.ceil(tokens / (8 * tokenLanes)) * 8 * tokenLanes;

/** Bytes of every buffer. Those of activations are [rows / 4][room] of vec4f. */
function bufferBytes(shape: TextShape, room: number) {
  const { heads, kvHeads, headDim } = shape;
  const float = 4;
  const row = room * float;
  const width = pad32(shape.embeddingLength);
  const hidden = pad32(shape.feedForwardLength);
  return {
    state: 16,
    none: 16,
    ids: row,
    positions: row,
    zeros: row,
    /** First token and the one after the last: that a token sees, and that are pooled to a text's vector. */
    ranges: 2 * row,
    pooled: 2 * MOST_TEXTS * float,
    rope: room * shape.ropeDim * float,
    stream: width * row,
    normed: width * row,
    qkv: (heads + 2 * kvHeads) * headDim * row,
    mixed: pad32(heads * headDim) * row,
    gateUp: shape.gated ? 2 * hidden * row : 0,
    hidden: hidden * row,
    vectors: MOST_TEXTS * shape.embeddingLength * float,
  };
}
type Buffers = Readonly<Record<keyof ReturnType<typeof bufferBytes>, GPUBuffer>>;

/** Bytes of everything but weights, on the device, and of the largest buffer. */
export function textProgramBytes(shape: TextShape, layout: Device['layout'], mostTokens: number) {
  const all = Object.values(bufferBytes(shape, roomFor(layout, mostTokens)));
  return { total: all.reduce((a, b) => a + b, 0), largest: Math.max(...all) };
}

function recordTexts(shape: TextShape, tile: Tile, b: Buffers, epsilon: number) {
  const dispatches: Dispatch[] = [];
  const quads = shape.embeddingLength / 4;
  const perToken = (tokens: number) => groupsOf(tile, tokens);
  const rotate = (a: AttentionShape, gains?: { readonly q: GpuWeight; readonly k: GpuWeight }): Dispatch => ({
    kernel: 'rope-texts',
    constants: {
      ...constantsOf(tile),
      HEADS: a.heads,
      KV_HEADS: a.kvHeads,
      HEAD_DIM: a.headDim,
      ROPE_DIM: a.ropeDim,
      NEOX: bool(a.ropeStyle === 'neox'),
      NORMED: bool(gains),
      EPSILON: a.epsilon,
    },
    bindings: {
      3: tile.state,
      4: b.qkv,
      5: b.rope,
      6: b.ranges,
      8: gains?.q.vector ?? b.none,
      9: gains?.k.vector ?? b.none,
    },
    grid: tokens => [perToken(tokens), a.heads + a.kvHeads],
  });
  const ops: TextOps<GPUBuffer, GpuWeight> = {
    embed(table, { positions, types } = {}) {
      dispatches.push(...embedRows(tile, table, b.ids, b.stream));
      if (positions) dispatches.push(...embedRows(tile, positions, b.positions, b.stream, true));
      if (types) dispatches.push(...embedRows(tile, types, b.zeros, b.stream, true));
      return b.stream;
    },
    layerNorm(x, gain, bias) {
      dispatches.push({
        kernel: 'layer-norm-rows',
        constants: constantsOf(tile),
        uniforms: [quads, floatBits(epsilon)],
        bindings: { 3: tile.state, 4: x, 5: gain.vector!, 6: bias.vector! },
        grid: tokens => [perToken(tokens)],
      });
      return x;
    },
    rmsNorm(x, gain) {
      dispatches.push(normRows(tile, quads, epsilon, x, gain, b.normed));
      return b.normed;
    },
    project(x, weight, bias) {
      dispatches.push(...matmulRows(tile, weight, x, b.qkv, { bias }));
      return b.qkv;
    },
    attention(qkv, a, gains) {
      if (a.ropeDim > 0 || gains) dispatches.push(rotate(a, gains));
      dispatches.push({
        kernel: 'attention-texts',
        constants: { ...constantsOf(tile), HEADS: a.heads, KV_HEADS: a.kvHeads, SCALE: a.scale },
        uniforms: [a.headDim / 4],
        bindings: { 3: tile.state, 4: qkv, 5: b.ranges, 7: b.mixed },
        grid: tokens => [perToken(tokens), a.heads],
      });
      return b.mixed;
    },
    residual(x, y, weight, bias) {
      dispatches.push(...matmulRows(tile, weight, y, x, { add: true, bias }));
      return x;
    },
    gelu(x, weight, bias) {
      dispatches.push(...matmulRows(tile, weight, x, b.hidden, { bias }), {
        kernel: 'gelu-rows',
        constants: constantsOf(tile),
        bindings: { 3: tile.state, 4: b.hidden },
        grid: tokens => [perToken(tokens), weight.rows / 4],
      });
      return b.hidden;
    },
    glu(x, gateUp) {
      dispatches.push(...matmulRows(tile, gateUp, x, b.gateUp), ...gluRows(tile, gateUp, b.gateUp, b.hidden));
      return b.hidden;
    },
    pool(x) {
      dispatches.push({
        kernel: 'pool-texts',
        constants: constantsOf(tile),
        uniforms: [quads],
        bindings: { 3: tile.state, 4: x, 5: b.pooled, 7: b.vectors },
        grid: () => [groupsOf(tile, quads), MOST_TEXTS],
      });
      return b.vectors;
    },
  };
  return { ops, dispatches };
}

/** Allocates, records and compiles; its buffers are for who opened the device's arena to free. Rejects with DeviceError when a kernel does not compile. */
export async function createTextProgram(device: Device, options: TextProgramOptions): Promise<TextProgram> {
  const { shape, mostTokens, pooling, causal, epsilon } = options;
  const { queue } = device.gpu;
  const room = roomFor(device.layout, mostTokens);
  const sizes = bufferBytes(shape, room);
  const b = Object.fromEntries(
    // STORAGE | COPY_DST | COPY_SRC
    Object.entries(sizes).map(([name, bytes]) => [name, device.createBuffer(name, bytes, 0x8c)]),
  ) as Buffers;
  const out = device.createBuffer('vectors for the host', sizes.vectors, 0x09); // MAP_READ | COPY_DST
  queue.writeBuffer(b.rope, 0, options.rope);
  const tile = { lanes: device.layout.tokenLanes, tokens: room, state: b.state, none: b.none };
  const { ops, dispatches } = recordTexts(shape, tile, b, epsilon);
  options.forward(ops);
  const plan = await createPlan(device, dispatches);

  return {
    async run({ tokens, texts }) {
      const positions = new Uint32Array(tokens.length);
      const ranges = new Uint32Array(2 * tokens.length);
      const pooled = new Uint32Array(2 * texts.length);
      for (const [i, [start, end]] of texts.entries()) {
        const first = pooling === 'last' ? end - 1 : start;
        pooled.set([first, pooling === 'cls' ? start + 1 : end], 2 * i);
        for (let t = start; t < end; t++) {
          positions[t] = t - start;
          ranges.set([start, causal ? t + 1 : end], 2 * t);
        }
      }
      queue.writeBuffer(b.ids, 0, Uint32Array.from(tokens));
      queue.writeBuffer(b.positions, 0, positions);
      queue.writeBuffer(b.ranges, 0, ranges);
      queue.writeBuffer(b.pooled, 0, pooled);
      queue.writeBuffer(b.state, 0, Uint32Array.of(0, 0, texts.length, tokens.length));
      const encoder = device.gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      plan.replay(pass, tokens.length);
      pass.end();
      const width = shape.embeddingLength;
      const bytes = texts.length * width * 4;
      encoder.copyBufferToBuffer(b.vectors, 0, out, 0, bytes);
      queue.submit([encoder.finish()]);
      await out.mapAsync(0x01); // READ
      const all = new Float32Array(out.getMappedRange(0, bytes).slice(0));
      out.unmap();
      return texts.map((_, i) => all.slice(i * width, (i + 1) * width));
    },
  };
}
