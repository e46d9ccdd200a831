/** One loaded model's KV cache: which tokens it holds, and how it comes to hold others. The only place that drives the runner. */
import { StatusError } from '@tabllama/api';
import type { Chain } from '@tabllama/kernels';
import type { Runner } from '@tabllama/models';
import { notNumbers } from './sampler.ts';

/** A failing call is often noticed a moment before the loss of the device that made it fail. */
export const lossGraceMs = 100;

export class Session {
  readonly contextLength: number;
  readonly vocabSize: number;
  readonly #runner: Runner;
  readonly #tokens: number[] = [];
  /** Whether the runner's logits are those of the last of them. */
  #isCurrent = false;
  /** Why no call can succeed any more. */
  #ended?: StatusError;
  #failCurrent: (error: StatusError) => void = () => {};

  constructor(runner: Runner) {
    this.#runner = runner;
    this.contextLength = runner.contextLength;
    this.vocabSize = runner.vocabSize;
    void runner.lost.then(reason => this.end(new StatusError(500, reason)));
  }

  /** The tokens whose keys and values are in the cache, by position. */
  get tokens(): readonly number[] {
    return this.#tokens;
  }

  /** Whether the next token could not be run: as in llama.cpp's server, the last position stays free. */
  get isFull(): boolean {
    return this.#tokens.length + 1 >= this.contextLength;
  }

  /**
   * Makes the cache hold `tokens`: keeps the longest common prefix, runs the rest, the last token at least unless it was the last
   * that ran, so that there are logits. An abort throws the signal's reason and leaves what was run so far.
   * @returns how many tokens were found in the cache
   */
  async sync(tokens: readonly number[], signal?: AbortSignal): Promise<number> {
    let common = 0;
    while (common < tokens.length && this.#tokens[common] === tokens[common]) common++;
    if (this.#isCurrent && common === tokens.length && common === this.#tokens.length) return common;
    common = Math.min(common, tokens.length - 1);
    this.#tokens.length = common;
    this.#isCurrent = false;
    const rest = tokens.slice(common);
    const ran = await this.#call(() => this.#runner.prefill(rest, common, signal));
    for (let i = 0; i < ran; i++) this.#tokens.push(rest[i]);
    if (ran < rest.length) throw signal?.reason;
    this.#isCurrent = true;
    return common;
  }

  /** Logits of the last token run, [vocabSize]; overwritten by the next call. */
  logits(): Promise<Float32Array> {
    return this.#call(() => this.#runner.logits());
  }

  /** Runs one more token → its logits, [vocabSize]; overwritten by the next call. */
  async decode(token: number): Promise<Float32Array> {
    this.#isCurrent = false;
    const logits = await this.#call(() => this.#runner.decode(token, this.#tokens.length));
    this.#tokens.push(token);
    this.#isCurrent = true;
    return logits;
  }

  /**
   * The token that the chain chooses, and the one after that, …, until the cache is full: the last one is not run. It also ends where
   * the chain has no mask: then all were run.
   */
  async *sample(chain: Chain): AsyncGenerator<number, void, undefined> {
    this.#isCurrent = false;
    const ahead = this.#runner.sample(this.#tokens.length, chain);
    let last: number | undefined;
    try {
      for (;;) {
        const { value, done } = await this.#call(() => ahead.next());
        if (last !== undefined) this.#tokens.push(last);
        if (done) {
          this.#isCurrent = true;
          return;
        }
        if (value >= this.vocabSize) throw notNumbers();
        yield value;
        if (this.isFull) return;
        last = value;
      }
    } finally {
      if (!this.#ended) await this.#call(() => ahead.return());
    }
  }

  /** Fails the call under way and all later ones. */
  end(error: StatusError): void {
    this.#ended ??= error;
    this.#failCurrent(this.#ended);
  }

  // A race against `lost` would hold on to one more reaction for every token of the model's life.
  #call<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#failCurrent = reject;
      run().then(resolve, error => setTimeout(() => reject(error), lossGraceMs));
    });
  }
}
