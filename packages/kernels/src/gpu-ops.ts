/**
 * The ops on the GPU: called once, they record dispatches. Two recorders share one set of buffers: one for the single token of a
 * decode step, where norms are folded into their neighbours, and one for the tile of tokens of a prefill.
 */
import type { Layout } from './device.ts';
import type { Constants, KernelName } from './kernel.ts';
import type { AttentionShape, Ops, Stream } from './ops.ts';
import type { Dispatch, Grid } from './plan.ts';
import {
  bool,
  constantsOf,
  embedRows,
  floatBits,
  gluRows,
  groupsOf,
  matmulRows,
  normRows,
  planesOf,
} from './rows.ts';
import { samplingBytes } from './sampling.ts';
import type { GpuWeight } from './upload.ts';
import { pad32 } from './weight-layout.ts';

/** Numbers that size the buffers. All widths are multiples of four. */
export interface ModelShape extends AttentionShape {
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabSize: number;
  readonly blockCount: number;
  /** How keys and values are kept. */
  readonly cache: 'f16' | 'f32';
}

export type BufferName = keyof ReturnType<typeof bufferBytes>;
/** Buffers of one model, made at load, and the KV cache by layer. */
export type Buffers = Readonly<Record<BufferName, GPUBuffer>> & {
  readonly keys: readonly GPUBuffer[];
  readonly values: readonly GPUBuffer[];
};

/** What the recorders write for. */
export interface Recording {
  readonly shape: ModelShape;
  readonly layout: Layout;
  readonly contextLength: number;
  readonly buffers: Buffers;
  /** Sums of squares that producers of the stream leave to its readers: see `countPartials`. */
  readonly partials: number;
}

const ROWS_AT_ONCE = { store: 4, residual: 4, glu: 2 };

/** Bytes of every buffer but weights and KV cache. Those named `…Rows` hold a tile: [rows / 4][tileTokens] of vec4f. */
export function bufferBytes(shape: ModelShape, layout: Layout, contextLength: number) {
  const { heads, kvHeads, headDim } = shape;
  const width = pad32(shape.embeddingLength);
  const mixed = pad32(heads * headDim);
  const qkv = (heads + 2 * kvHeads) * headDim;
  const hidden = pad32(shape.feedForwardLength);
  const float = 4;
  const tile = layout.tileTokens * float;
  return {
    state: 16,
    ids: tile,
    /** Bound where a kernel has a binding that this model does not use. */
    none: 16,
    rope: contextLength * shape.ropeDim * float,
    partials: width * float,
    stream: width * float,
    normed: width * float,
    qkv: qkv * float,
    mixed: mixed * float,
    gateUp: 2 * hidden * float,
    hidden: hidden * float,
    logits: shape.vocabSize * float,
    ...samplingBytes(shape.vocabSize, layout, contextLength),
    streamRows: width * tile,
    normedRows: width * tile,
    qkvRows: qkv * tile,
    mixedRows: mixed * tile,
    gateUpRows: 2 * hidden * tile,
    hiddenRows: hidden * tile,
  };
}

/** Bytes of the keys, or of the values, of one layer: [kvHead][position][headDim]. */
export const cacheBytes = (shape: ModelShape, contextLength: number): number =>
  shape.kvHeads * contextLength * shape.headDim * (shape.cache === 'f16' ? 2 : 4);

/** A grid of `count` workgroups in a row, folded where a dimension is too short for it. */
const row = (count: number): Grid => {
  const y = Math.ceil(count / 65535);
  return () => [Math.ceil(count / y), y];
};

/** Lanes that share a row: the power of two up to 32 that leaves few of them idle, the larger of equals. */
function splitOf(blocks: number): number {
  const idle = (split: number) => (Math.ceil(blocks / split) * split) / blocks;
  return [32, 16, 8].reduce((best, split) => (idle(split) < idle(best) - 0.1 ? split : best));
}

/** How many rows a workgroup of a matvec takes, and the constants that say so. */
function geometry(
  layout: Layout,
  cols: number,
  rowsAtOnce: number,
): { rowsOfGroup: number; constants: Constants } {
  const LANES = layout.lanes;
  if (layout.matvec === 'lanes') return { rowsOfGroup: LANES * rowsAtOnce, constants: { LANES } };
  const SPLIT = Math.min(LANES, splitOf(pad32(cols) / 32));
  return { rowsOfGroup: (LANES / SPLIT) * rowsAtOnce, constants: { LANES, SPLIT } };
}

/** Workgroups of a matvec into the residual stream. */
function residualGroups(layout: Layout, weight: GpuWeight): number {
  const { rowsOfGroup } = geometry(layout, weight.cols, ROWS_AT_ONCE.residual);
  return weight.parts.reduce((sum, part) => sum + Math.ceil(part.rows / rowsOfGroup), 0);
}

/** The most sums of squares that any producer of the stream leaves: one a block from the table, one a workgroup from a matvec. */
export function countPartials(shape: ModelShape, layout: Layout, weights: Iterable<GpuWeight>): number {
  let most = pad32(shape.embeddingLength) / 32;
  for (const weight of weights) {
    if (weight.rows === shape.embeddingLength) most = Math.max(most, residualGroups(layout, weight));
  }
  return most;
}

function attentionConstants({ shape }: Recording, a: AttentionShape, normed: boolean): Constants {
  return {
    HEADS: a.heads,
    KV_HEADS: a.kvHeads,
    HEAD_DIM: a.headDim,
    ROPE_DIM: shape.ropeDim,
    NEOX: bool(a.ropeStyle === 'neox'),
    NORMED: bool(normed),
    EPSILON: a.epsilon,
  };
}

/** What a recorder has written: the dispatches up to the final stream, and those that make logits of it. */
export interface Recorder {
  readonly ops: Ops<GPUBuffer, GpuWeight>;
  readonly body: Dispatch[];
  readonly head: Dispatch[];
}

/** One decode step. */
export function recordDecode(recording: Recording): Recorder {
  const { shape, layout, contextLength, buffers: b, partials } = recording;
  const body: Dispatch[] = [];
  const head: Dispatch[] = [];
  const width = pad32(shape.embeddingLength);
  const norm = [partials, floatBits(shape.embeddingLength), floatBits(shape.epsilon)];
  const matvec = (
    into: Dispatch[],
    kernel: keyof typeof ROWS_AT_ONCE,
    weight: GpuWeight,
    bindings: Record<number, GPUBuffer>,
    bias = false,
  ) => {
    const { rowsOfGroup, constants } = geometry(layout, weight.cols, ROWS_AT_ONCE[kernel]);
    const counts = weight.parts.map(({ rows }) =>
      Math.ceil((kernel === 'glu' ? rows / 2 : rows) / rowsOfGroup),
    );
    const groups = counts.reduce((a, b) => a + b, 0);
    let groupStart = 0;
    for (const [i, part] of weight.parts.entries()) {
      into.push({
        kernel: `matvec-${kernel}-${layout.matvec}` satisfies KernelName,
        type: part.type,
        constants,
        uniforms: [
          pad32(weight.cols) / 32,
          part.rows,
          part.rowStart,
          bool(bias),
          groups,
          groupStart,
          ...norm,
        ],
        bindings: { ...planesOf(part), ...bindings },
        grid: row(counts[i]),
      });
      groupStart += counts[i];
    }
  };
  const store = (into: Dispatch[], weight: GpuWeight, y: GPUBuffer, bias?: GpuWeight) => {
    const bindings = { 4: b.normed, 5: b.partials, 6: bias?.vector ?? b.none, 7: y };
    matvec(into, 'store', weight, bindings, bias !== undefined);
  };
  const ops: Recorder['ops'] = {
    embed(table, gain) {
      for (const part of table.parts) {
        body.push({
          kernel: 'embed',
          type: part.type,
          constants: {},
          uniforms: [width / 32, part.rows, part.rowStart, partials],
          bindings: {
            ...planesOf(part),
            3: b.state,
            5: b.partials,
            6: gain.vector!,
            7: b.stream,
            8: b.normed,
          },
          grid: row(Math.ceil(partials / 4)),
        });
      }
      return { x: b.stream, norm: gain };
    },
    project(_, weight, bias) {
      store(body, weight, b.qkv, bias);
      return b.qkv;
    },
    attention(_, layer, a, gains) {
      body.push({
        kernel: `attention-decode-${shape.cache}`,
        constants: {
          ...attentionConstants(recording, a, gains !== undefined),
          LANES: layout.lanes,
          SCALE: a.scale,
        },
        uniforms: [contextLength],
        bindings: {
          3: b.state,
          4: b.qkv,
          5: b.rope,
          6: b.keys[layer],
          7: b.values[layer],
          8: b.mixed,
          9: gains?.q.vector ?? b.none,
          10: gains?.k.vector ?? b.none,
        },
        grid: row(a.kvHeads),
      });
      return b.mixed;
    },
    residual(stream, y, weight, gain) {
      const bindings = { 4: y, 5: b.partials, 6: gain.vector!, 7: b.stream, 8: b.normed };
      matvec(body, 'residual', weight, bindings);
      return { ...stream, norm: gain };
    },
    glu(_, gateUp) {
      if (gateUp.paired) {
        matvec(body, 'glu', gateUp, { 4: b.normed, 5: b.partials, 7: b.hidden });
      } else {
        store(body, gateUp, b.gateUp);
        const single = { lanes: 1, tokens: 1, state: b.state, none: b.none };
        body.push(...gluRows(single, gateUp, b.gateUp, b.hidden));
      }
      return b.hidden;
    },
    logits(_, weight) {
      store(head, weight, b.logits);
      return b.logits;
    },
  };
  return { ops, body, head };
}

/** One prefill tile; the head makes of its last row the one token that decode's head reads. */
export function recordPrefill(recording: Recording): Recorder {
  const { shape, layout, buffers: b, contextLength, partials } = recording;
  const body: Dispatch[] = [];
  const head: Dispatch[] = [];
  const tile = { lanes: layout.tokenLanes, tokens: layout.tileTokens, state: b.state, none: b.none };
  const quads = shape.embeddingLength / 4;
  const norm = ({ norm: gain }: Stream<GPUBuffer, GpuWeight>) =>
    body.push(normRows(tile, quads, shape.epsilon, b.streamRows, gain, b.normedRows));
  const ops: Recorder['ops'] = {
    embed(table, gain) {
      body.push(...embedRows(tile, table, b.ids, b.streamRows));
      return { x: b.streamRows, norm: gain };
    },
    project(stream, weight, bias) {
      norm(stream);
      body.push(...matmulRows(tile, weight, b.normedRows, b.qkvRows, { bias }));
      return b.qkvRows;
    },
    attention(_, layer, a, gains) {
      body.push({
        kernel: `rope-rows-${shape.cache}`,
        constants: { ...constantsOf(tile), ...attentionConstants(recording, a, gains !== undefined) },
        uniforms: [contextLength],
        bindings: {
          3: b.state,
          4: b.qkvRows,
          5: b.rope,
          6: b.keys[layer],
          7: b.values[layer],
          8: gains?.q.vector ?? b.none,
          9: gains?.k.vector ?? b.none,
        },
        grid: tokens => [groupsOf(tile, tokens), a.heads + 2 * a.kvHeads],
      });
      body.push({
        kernel: `attention-rows-${shape.cache}`,
        constants: {
          ...constantsOf(tile),
          HEADS: a.heads,
          KV_HEADS: a.kvHeads,
          HEAD_DIM: a.headDim,
          SCALE: a.scale,
        },
        uniforms: [contextLength],
        bindings: { 3: b.state, 4: b.qkvRows, 5: b.keys[layer], 6: b.values[layer], 7: b.mixedRows },
        grid: tokens => [groupsOf(tile, tokens), a.heads],
      });
      return b.mixedRows;
    },
    residual(stream, y, weight, gain) {
      body.push(...matmulRows(tile, weight, y, b.streamRows, { add: true }));
      return { ...stream, norm: gain };
    },
    glu(stream, gateUp) {
      norm(stream);
      body.push(
        ...matmulRows(tile, gateUp, b.normedRows, b.gateUpRows),
        ...gluRows(tile, gateUp, b.gateUpRows, b.hiddenRows),
      );
      return b.hiddenRows;
    },
    logits(stream) {
      head.push({
        kernel: 'last-row',
        constants: { TOKENS: layout.tileTokens },
        uniforms: [quads, partials],
        bindings: { 3: b.state, 4: b.streamRows, 5: b.partials, 6: stream.norm.vector!, 7: b.normed },
        grid: () => [1],
      });
      return b.normed;
    },
  };
  return { ops, body, head };
}
