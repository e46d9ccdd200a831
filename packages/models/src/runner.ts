import type { Chain } from '@tabllama/kernels';

/** One loaded model, ready to run tokens: on the GPU, or on the reference ops in float64. */
export interface Runner extends AsyncDisposable {
  readonly vocabSize: number;
  /** Positions that the KV cache holds. */
  readonly contextLength: number;
  /** Bytes on the device: weights, KV cache, scratch. */
  readonly bytes: number;
  /** Resolves with a sentence when the device is lost. */
  readonly lost: Promise<string>;
  /**
   * Runs `tokens` at positions `position …`; keys and values of earlier positions stay, later ones are overwritten. In tiles; the
   * signal is looked at between tiles. Afterwards the logits are those of the last token.
   * @returns how many tokens were run: fewer than given only if the signal was aborted
   */
  prefill(tokens: readonly number[], position: number, signal?: AbortSignal): Promise<number>;
  /** Logits of the last token run, [vocabSize]. The array is overwritten by the next call. */
  logits(): Promise<Float32Array>;
  /** Runs one token at `position` and reads its logits back: one submit. */
  decode(token: number, position: number): Promise<Float32Array>;
  /**
   * Decoding which never waits for the device: yields the token that the chain chooses from the present logits, runs it at `position`,
   * yields the one chosen after it, … The runner works a few tokens ahead; leaving the loop ends that, and what was run too far is
   * overwritten later. Ends by itself when the KV cache is full. Equal logits: the lowest id comes first. Yields a number beyond the
   * vocabulary where logits are no numbers.
   *
   * With masks, the device runs a token while the host makes the mask of the next one, and nothing is run ahead of that. Where
   * there is no mask it ends, and the logits are those of the last token yielded, unless the KV cache was full.
   */
  sample(position: number, chain: Chain): AsyncGenerator<number, void, undefined>;
}
