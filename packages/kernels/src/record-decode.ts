/** The ops as dispatches for the one token of a decode step. */
import type { KernelName } from './kernel.ts';
import { geometry, ROWS_AT_ONCE, row } from './matvec.ts';
import type { Dispatch } from './plan.ts';
import { attentionConstants, type Recorder, type Recording } from './recorder.ts';
import { bool, floatBits, gluRows, planesOf } from './rows.ts';
import type { GpuWeight } from './upload.ts';
import { pad32 } from './weight-layout.ts';

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
    const { matvec: kind, rowsOfGroup, constants } = geometry(layout, weight.cols, ROWS_AT_ONCE[kernel]);
    const counts = weight.parts.map(({ rows }) =>
      Math.ceil((kernel === 'glu' ? rows / 2 : rows) / rowsOfGroup),
    );
    const groups = counts.reduce((a, b) => a + b, 0);
    let groupStart = 0;
    for (const [i, part] of weight.parts.entries()) {
      into.push({
        kernel: `matvec-${kernel}-${kind}` satisfies KernelName,
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
