/** Stop sequences in streamed text: found across pieces, and never let out, not even in part. */
import { partialLength } from './partial.ts';

export interface StopMatcher {
  /**
   * Takes the next piece and returns the text that is certain by now: all, or nothing where its end may become a stop sequence.
   * `stopped`: a stop sequence is complete; it and what follows it are gone for good.
   */
  push(piece: string): { readonly text: string; readonly stopped: boolean };
  /** The text still withheld, at the end of the stream: its end began a stop sequence, which never came. */
  end(): string;
}

/** The sequence that begins first wins. An empty one is found in any text: before the first piece. */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  let withheld = '';
  let stopped = false;

  return {
    push(piece) {
      if (stopped) return { text: '', stopped };
      const text = withheld + piece;
      const found = stops.map(stop => text.indexOf(stop)).filter(start => start >= 0);
      stopped = found.length > 0;
      const waits = !stopped && stops.some(stop => partialLength(text, stop) > 0);
      withheld = waits ? text : '';
      return { text: waits ? '' : text.slice(0, stopped ? Math.min(...found) : undefined), stopped };
    },
    end() {
      const rest = withheld;
      withheld = '';
      return rest;
    },
  };
}
