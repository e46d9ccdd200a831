/** The ops over whole texts in plain TypeScript and float64: what their kernels must agree with. LayerNorm: arXiv 1607.06450. */
import { attend, matmul, type ReferenceWeight, rmsNorm, rotate, silu } from './reference.ts';
import type { TextBatch, TextOps, TextOptions } from './text-ops.ts';

/** Every row of x less its mean, divided by its standard deviation, · gain + bias. */
function layerNorm(x: Float64Array, gain: Float32Array, bias: Float32Array, epsilon: number): Float64Array {
  const width = gain.length;
  const y = new Float64Array(x.length);
  for (let o = 0; o < x.length; o += width) {
    const row = x.subarray(o, o + width);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    const scale = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < width; i++) y[o + i] = (row[i] - mean) * scale * gain[i] + bias[i];
  }
  return y;
}

export const gelu = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/**
 * Ops that compute at once.
 * @param ropeTable [position][ropeDim/2] cosine, sine
 */
export function createReferenceTextOps(
  { tokens, texts }: TextBatch,
  { pooling, causal, epsilon }: TextOptions,
  ropeTable: Float64Array,
): TextOps<Float64Array, ReferenceWeight> {
  const n = tokens.length;
  const addRows = (x: Float64Array, table: ReferenceWeight, rowOf: (token: number) => number) => {
    const { cols, data } = table;
    for (let t = 0; t < n; t++) {
      for (let i = 0; i < cols; i++) x[t * cols + i] += data[rowOf(t) * cols + i];
    }
  };
  const textOf = (t: number) => texts.find(([start, end]) => t >= start && t < end)!;
  const project = (x: Float64Array, weight: ReferenceWeight, bias?: ReferenceWeight) => {
    const y = matmul(x, weight);
    return bias ? y.map((value, i) => value + bias.data[i % weight.rows]) : y;
  };
  return {
    embed(table, { positions, types } = {}) {
      const x = new Float64Array(n * table.cols);
      addRows(x, table, t => tokens[t]);
      if (positions) addRows(x, positions, t => t - textOf(t)[0]);
      if (types) addRows(x, types, () => 0);
      return x;
    },
    layerNorm: (x, gain, bias) => layerNorm(x, gain.data, bias.data, epsilon),
    rmsNorm: (x, gain) => rmsNorm(x, gain.data, epsilon),
    project,
    attention(qkv, shape, gains) {
      const { heads, kvHeads, headDim, ropeDim } = shape;
      const stride = (heads + 2 * kvHeads) * headDim;
      const raw = (t: number, h: number) =>
        qkv.slice(t * stride + h * headDim, t * stride + (h + 1) * headDim);
      const rotated = (t: number, h: number, gain?: ReferenceWeight) => {
        const head = gain ? rmsNorm(raw(t, h), gain.data, shape.epsilon) : raw(t, h);
        const position = t - textOf(t)[0];
        rotate(head, ropeTable.subarray(position * ropeDim, (position + 1) * ropeDim), shape);
        return head;
      };
      const out = new Float64Array(n * heads * headDim);
      for (const [start, end] of texts) {
        const rows = Array.from({ length: end - start }, (_, i) => start + i);
        for (let kv = 0; kv < kvHeads; kv++) {
          const keys = rows.map(t => rotated(t, heads + kv, gains?.k));
          const values = rows.map(t => raw(t, heads + kvHeads + kv));
          for (let h = (kv * heads) / kvHeads; h < ((kv + 1) * heads) / kvHeads; h++) {
            for (const t of rows) {
              const seen = causal ? t - start + 1 : rows.length;
              const query = rotated(t, h, gains?.q);
              const mixed = attend(query, keys.slice(0, seen), values.slice(0, seen), shape.scale);
              out.set(mixed, (t * heads + h) * headDim);
            }
          }
        }
      }
      return out;
    },
    residual(x, y, weight, bias) {
      const z = project(y, weight, bias);
      return x.map((value, i) => value + z[i]);
    },
    gelu: (x, weight, bias) => project(x, weight, bias).map(gelu),
    glu(x, gateUp) {
      const both = matmul(x, gateUp);
      const width = gateUp.rows / 2;
      return Float64Array.from({ length: n * width }, (_, i) => {
        const o = Math.floor(i / width) * gateUp.rows + (i % width);
        return silu(both[o]) * both[o + width];
      });
    },
    pool(x) {
      const width = x.length / n;
      const out = new Float64Array(texts.length * width);
      for (const [i, [start, end]] of texts.entries()) {
        const [first, last] = { mean: [start, end], cls: [start, start + 1], last: [end - 1, end] }[pooling];
        for (let t = first; t < last; t++) {
          for (let j = 0; j < width; j++) out[i * width + j] += x[t * width + j] / (last - first);
        }
      }
      return out;
    },
  };
}
