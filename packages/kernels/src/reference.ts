/**
 * The ops in plain TypeScript and float64: what every kernel must agree with, and enough to run a model without a GPU. Nothing
 * here is fast. Formulas: RMSNorm arXiv 1910.07467, RoPE arXiv 2104.09864, SwiGLU arXiv 2002.05202, GQA arXiv 2305.13245.
 */
import type { AttentionShape, Ops, Stream } from './ops.ts';
import { type Chain, NO_TOKEN } from './sampling.ts';

/** A row-major matrix of dequantized weights; a vector is one row. */
export interface ReferenceWeight {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float32Array;
}

/** Keys and values of one layer, [position][kvHeads · headDim], grown as positions come. */
export interface ReferenceCache {
  k: Float64Array[];
  v: Float64Array[];
}

export interface ReferenceBatch {
  readonly tokens: readonly number[];
  /** Position of the first token. */
  readonly position: number;
}

/** x[n, cols] · wᵀ → [n, rows]. */
export function matmul(x: Float64Array, weight: ReferenceWeight): Float64Array {
  const { rows, cols, data } = weight;
  const n = x.length / cols;
  const y = new Float64Array(n * rows);
  for (let t = 0; t < n; t++) {
    for (let r = 0; r < rows; r++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += x[t * cols + c] * data[r * cols + c];
      y[t * rows + r] = sum;
    }
  }
  return y;
}

/** Every row of x divided by its root mean square and multiplied by the gain. */
export function rmsNorm(x: Float64Array, gain: Float32Array, epsilon: number): Float64Array {
  const width = gain.length;
  const y = new Float64Array(x.length);
  for (let o = 0; o < x.length; o += width) {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += x[o + i] ** 2;
    const scale = 1 / Math.sqrt(sum / width + epsilon);
    for (let i = 0; i < width; i++) y[o + i] = x[o + i] * scale * gain[i];
  }
  return y;
}

/** Rotates one head in place. `table`: cosine and sine of pair i at [2i], [2i + 1]. */
export function rotate(head: Float64Array, table: Float64Array | Float32Array, shape: AttentionShape): void {
  const half = shape.ropeDim / 2;
  for (let i = 0; i < half; i++) {
    const [a, b] = shape.ropeStyle === 'norm' ? [2 * i, 2 * i + 1] : [i, i + half];
    const [x, y, cos, sin] = [head[a], head[b], table[2 * i], table[2 * i + 1]];
    head[a] = x * cos - y * sin;
    head[b] = x * sin + y * cos;
  }
}

/** Softmax-weighted sum of the values. `query` [headDim]; keys and values one array [headDim] per position. */
export function attend(
  query: Float64Array,
  keys: readonly Float64Array[],
  values: readonly Float64Array[],
  scale: number,
): Float64Array {
  const scores = keys.map(key => key.reduce((sum, k, i) => sum + k * query[i], 0) * scale);
  const max = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = scores.map(score => Math.exp(score - max));
  const total = weights.reduce((a, b) => a + b, 0);
  const out = new Float64Array(query.length);
  values.forEach((value, p) => {
    for (let i = 0; i < out.length; i++) out[i] += (weights[p] / total) * value[i];
  });
  return out;
}

export const silu = (x: number): number => x / (1 + Math.exp(-x));

/**
 * Ops that compute at once.
 * @param ropeTable [position][ropeDim/2] cosine, sine
 * @param caches one per layer; positions from `batch.position` on are overwritten
 */
export function createReferenceOps(
  batch: ReferenceBatch,
  caches: readonly ReferenceCache[],
  ropeTable: Float64Array,
  epsilon: number,
): Ops<Float64Array, ReferenceWeight> {
  const n = batch.tokens.length;
  const normed = ({ x, norm }: Stream<Float64Array, ReferenceWeight>) => rmsNorm(x, norm.data, epsilon);
  return {
    embed(table, norm) {
      const x = new Float64Array(n * table.cols);
      batch.tokens.forEach((token, t) => {
        x.set(table.data.subarray(token * table.cols, (token + 1) * table.cols), t * table.cols);
      });
      return { x, norm };
    },
    project(stream, weight, bias) {
      const y = matmul(normed(stream), weight);
      return bias ? y.map((value, i) => value + bias.data[i % weight.rows]) : y;
    },
    attention(qkv, layer, shape, gains) {
      const { heads, kvHeads, headDim } = shape;
      const cache = caches[layer];
      const stride = (heads + 2 * kvHeads) * headDim;
      const out = new Float64Array(n * heads * headDim);
      const group = heads / kvHeads;
      for (let t = 0; t < n; t++) {
        const position = batch.position + t;
        const angles = ropeTable.subarray(position * shape.ropeDim, (position + 1) * shape.ropeDim);
        const head = (h: number, gain?: ReferenceWeight) => {
          const raw = qkv.slice(t * stride + h * headDim, t * stride + (h + 1) * headDim);
          const value = gain ? rmsNorm(raw, gain.data, shape.epsilon) : raw;
          rotate(value, angles, shape);
          return value;
        };
        const keys = new Float64Array(kvHeads * headDim);
        for (let h = 0; h < kvHeads; h++) keys.set(head(heads + h, gains?.k), h * headDim);
        const valueStart = t * stride + (heads + kvHeads) * headDim;
        cache.k[position] = keys;
        cache.v[position] = qkv.slice(valueStart, valueStart + kvHeads * headDim);
        const past = (rows: Float64Array[], kv: number) =>
          rows.slice(0, position + 1).map(row => row.subarray(kv * headDim, (kv + 1) * headDim));
        for (let h = 0; h < heads; h++) {
          const kv = Math.floor(h / group);
          const y = attend(head(h, gains?.q), past(cache.k, kv), past(cache.v, kv), shape.scale);
          out.set(y, (t * heads + h) * headDim);
        }
      }
      return out;
    },
    residual(stream, y, weight, norm) {
      const z = matmul(y, weight);
      return { x: stream.x.map((value, i) => value + z[i]), norm };
    },
    glu(stream, gateUp) {
      const both = matmul(normed(stream), gateUp);
      const width = gateUp.rows / 2;
      return Float64Array.from({ length: n * width }, (_, i) => {
        const o = Math.floor(i / width) * gateUp.rows + (i % width);
        return silu(both[o]) * both[o + width];
      });
    },
    logits(stream, weight) {
      const width = weight.cols;
      return matmul(normed({ x: stream.x.slice((n - 1) * width), norm: stream.norm }), weight);
    },
  };
}

const isIn = (mask: Uint32Array | undefined, id: number): boolean =>
  !mask || ((mask[id >> 5] >>> (id & 31)) & 1) === 1;

/** Chooses one token after another as `recordSampling` does on the device. `mask`: bits of the tokens that may be chosen. */
export function createReferenceSampler(
  chain: Chain,
): (logits: ArrayLike<number>, mask?: Uint32Array) => number {
  const { topK, topP, minP, temperature, penalties } = chain;
  const recent = [...(penalties?.recent ?? [])];
  let n = 0;

  const penalize = (logits: Float64Array) => {
    if (!penalties) return;
    const { window, repeat, frequency, presence } = penalties;
    const inWindow = recent.slice(-window);
    for (const id of new Set(inWindow)) {
      const count = inWindow.filter(each => each === id).length;
      const repeated = logits[id] <= 0 ? logits[id] * repeat : logits[id] / repeat;
      logits[id] = repeated - (count * frequency + presence);
    }
  };
  return (given, mask) => {
    const logits = Float64Array.from(given);
    const u = chain.draw(n++);
    if (Number.isNaN(logits[0])) return NO_TOKEN;
    penalize(logits);
    const ids = [...logits.keys()].filter(id => logits[id] > -Infinity && isIn(mask, id));
    const best = ids.sort((a, b) => logits[b] - logits[a] || a - b).slice(0, topK);
    const weight = (id: number, t: number) => Math.exp((logits[id] - logits[best[0]]) / t);
    // the shortest prefix whose weights are a share of all
    const prefix = (ids: readonly number[], t: number, share: number) => {
      const enough = share * ids.reduce((sum, id) => sum + weight(id, t), 0);
      let sum = 0;
      let count = 0;
      do sum += weight(ids[count++], t);
      while (sum < enough && count < ids.length);
      return ids.slice(0, count);
    };
    const probable = topP < 1 ? prefix(best, 1, topP) : best;
    const left = probable.filter(id => weight(id, 1) >= Math.min(minP, 1));
    const token = prefix(left, temperature, u).at(-1)!;
    recent.push(token);
    return token;
  };
}
