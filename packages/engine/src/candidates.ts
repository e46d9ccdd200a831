/** The tokens that one step may choose from, and the filters of llama.cpp's sampling chain, each of which narrows or reorders them. */
import { sortTop } from './sort-top.ts';

export interface Penalties {
  readonly repeatPenalty: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
}

/** Its arrays are made once; a step allocates nothing of the vocabulary's size. */
export class Candidates {
  /** The first `count` are the candidates, in the order that the last filter left. */
  readonly ids: Int32Array;
  /** By token id. */
  readonly logits: Float32Array;
  count = 0;
  /** Softmax over the candidates, by token id. */
  readonly #probabilities: Float64Array;
  readonly #typicality: Float64Array;

  constructor(vocabSize: number) {
    this.ids = new Int32Array(vocabSize);
    this.logits = new Float32Array(vocabSize);
    this.#probabilities = new Float64Array(vocabSize);
    this.#typicality = new Float64Array(vocabSize);
  }

  /** All tokens, in the order of the vocabulary. @param logits [vocabSize], copied @param mask bits of those that may be chosen */
  load(logits: Float32Array, mask?: Uint32Array): void {
    this.logits.set(logits);
    this.count = 0;
    for (let id = 0; id < logits.length; id++) {
      if (!mask || (mask[id >> 5] >>> (id & 31)) & 1) this.ids[this.count++] = id;
    }
  }

  /** @param counts how often each token occurs in the window */
  penalize(counts: ReadonlyMap<number, number>, penalties: Penalties): void {
    const { repeatPenalty, frequencyPenalty, presencePenalty } = penalties;
    for (const [id, count] of counts) {
      const logit = this.logits[id];
      const repeated = logit <= 0 ? logit * repeatPenalty : logit / repeatPenalty;
      this.logits[id] = repeated - (count * frequencyPenalty + presencePenalty);
    }
  }

  /** Keeps the k best, descending; k ≤ 0: all. */
  topK(k: number): void {
    if (k <= 0) return;
    sortTop(this.ids, 0, this.count, k, this.logits);
    this.count = Math.min(k, this.count);
  }

  /** Locally typical sampling (arXiv 2202.00666): those whose surprise is nearest the entropy, until they add up to more than p. */
  typicalP(p: number): void {
    if (p >= 1) return;
    this.#softmax();
    let entropy = 0;
    for (let i = 0; i < this.count; i++) {
      const probability = this.#probabilities[this.ids[i]];
      if (probability > 0) entropy -= probability * Math.log(probability);
    }
    for (let i = 0; i < this.count; i++) {
      const id = this.ids[i];
      this.#typicality[id] = -Math.abs(-Math.log(this.#probabilities[id]) - entropy);
    }
    this.#keepPrefix(this.#typicality, sum => sum > p);
  }

  /** Keeps the best whose probabilities add up to p or more, descending. */
  topP(p: number): void {
    if (p >= 1) return;
    this.#softmax();
    this.#keepPrefix(this.logits, sum => sum >= p);
  }

  /** Keeps those at least p times as probable as the best, in the order they have. */
  minP(p: number): void {
    if (p <= 0) return;
    const least = this.logits[this.best()] + Math.log(Math.min(p, 1));
    let kept = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.logits[this.ids[i]] >= least) this.ids[kept++] = this.ids[i];
    }
    this.count = kept;
  }

  /** Divides by t; t ≤ 0 leaves nothing to chance: every logit but the best becomes −∞. */
  temperature(t: number): void {
    const best = this.best();
    for (let i = 0; i < this.count; i++) {
      const id = this.ids[i];
      if (t > 0) this.logits[id] /= t;
      else if (id !== best) this.logits[id] = -Infinity;
    }
  }

  /** The first candidate of the greatest logit. */
  best(): number {
    let best = this.ids[0];
    for (let i = 1; i < this.count; i++) {
      if (this.logits[this.ids[i]] > this.logits[best]) best = this.ids[i];
    }
    return best;
  }

  /** The first candidate at which the sum of the probabilities reaches u, in the present order. */
  draw(u: number): number {
    this.#softmax();
    let sum = 0;
    for (let i = 0; i < this.count; i++) {
      sum += this.#probabilities[this.ids[i]];
      if (sum >= u) return this.ids[i];
    }
    return this.best(); // the sum may end a rounding error below 1
  }

  #softmax(): void {
    const { ids, count, logits } = this;
    const greatest = logits[this.best()];
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += this.#probabilities[ids[i]] = Math.exp(logits[ids[i]] - greatest);
    }
    for (let i = 0; i < count; i++) this.#probabilities[ids[i]] /= sum;
  }

  /** Sorts by `key`, descending, and keeps the shortest prefix whose probabilities are enough. Sorts no further than it must. */
  #keepPrefix(key: Float32Array | Float64Array, enough: (sum: number) => boolean): void {
    let sum = 0;
    for (let i = 0, sorted = 0; i < this.count; i++) {
      if (i === sorted) {
        const more = Math.max(128, 7 * sorted);
        sortTop(this.ids, sorted, this.count, more, key);
        sorted += more;
      }
      sum += this.#probabilities[this.ids[i]];
      if (enough(sum)) this.count = i + 1; // which ends the loop
    }
  }
}
