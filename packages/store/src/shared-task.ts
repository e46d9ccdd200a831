/** One piece of work that several wait for: each follows its progress, and when the last one leaves, it is stopped. */
import { sleep } from './sleep.ts';

/** Progress is reported at most this often. */
const REPORT_MS = 100;

export class SharedTask<Progress, Result> {
  readonly #stop = new AbortController();
  readonly result: Promise<Result>;
  #progress: Progress | undefined;
  #ended = false;
  #followers = 0;

  constructor(run: (report: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>) {
    this.result = run(progress => {
      this.#progress = progress;
    }, this.#stop.signal).finally(() => {
      this.#ended = true;
    });
    this.result.catch(() => {}); // followers throw it
  }

  /** True once nobody can join: it has ended, or is being stopped. */
  get closed(): boolean {
    return this.#ended || this.#stop.signal.aborted;
  }

  /** Yields the newest progress whenever there is a new one, until the result is there. An abort ends this follower only. */
  async *follow(signal?: AbortSignal): AsyncGenerator<Progress, void> {
    this.#followers++;
    try {
      const ended = this.result.then(
        () => {},
        () => {},
      );
      let seen: Progress | undefined;
      while (!this.#ended) {
        if (this.#progress !== undefined && this.#progress !== seen) {
          seen = this.#progress;
          yield seen;
        }
        signal?.throwIfAborted();
        const woken = new AbortController();
        const waiting = sleep(REPORT_MS, signal ? AbortSignal.any([signal, woken.signal]) : woken.signal);
        await Promise.race([ended, waiting]).finally(() => {
          waiting.catch(() => {});
          woken.abort();
        });
      }
      await this.result;
    } finally {
      if (--this.#followers === 0 && !this.#ended) {
        this.#stop.abort();
        await this.result.catch(() => {}); // what it leaves behind is in order before anyone goes on
      }
    }
  }
}
