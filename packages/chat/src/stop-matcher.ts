/** Stop sequences in streamed text: found across pieces, and never let out, not even in part. */
import { partialLength } from './partial.ts';

export interface StopMatcher {
  /**
   * Takes the next piece and returns the text that is certain by now. `stopped`: a stop sequence is complete; it and
   * what follows it are gone for good. How the text is cut into pieces makes no difference to the whole.
   */
  push(piece: string): { readonly text: string; readonly stopped: boolean };
  /** The text still withheld, at the end of the stream: only the beginning of a stop sequence, which never came. */
  end(): string;
}

/** The sequence that is complete first wins; of two that end together, the longer one. Empty sequences count for nothing. */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const marks = stops.filter(stop => stop !== '');
  let withheld = '';
  let stopped = false;

  return {
    push(piece) {
      if (stopped) return { text: '', stopped };
      const text = withheld + piece;
      const found = firstMatch(text, marks);
      stopped = found !== undefined;
      const sure = found ?? text.length - Math.max(0, ...marks.map(mark => partialLength(text, mark)));
      withheld = stopped ? '' : text.slice(sure);
      return { text: text.slice(0, sure), stopped };
    },
    end() {
      const rest = withheld;
      withheld = '';
      return rest;
    },
  };
}

/** Where the first match starts, or undefined. */
function firstMatch(text: string, marks: readonly string[]): number | undefined {
  let best: { start: number; end: number } | undefined;
  for (const mark of marks) {
    const start = text.indexOf(mark);
    const end = start + mark.length;
    if (start >= 0 && (!best || end < best.end || (end === best.end && start < best.start)))
      best = { start, end };
  }
  return best?.start;
}
