/** The ops as dispatches for a tile of prompt tokens. */
import type { Stream } from './ops.ts';
import type { Dispatch } from './plan.ts';
import { attentionConstants, type Recorder, type Recording } from './recorder.ts';
import { constantsOf, embedRows, gluRows, groupsOf, matmulRows, normRows } from './rows.ts';
import type { GpuWeight } from './upload.ts';

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
