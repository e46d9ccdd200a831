/** Where in the text of an answer something begins that is bound, as the parser of the answer has it: a call of a tool, or the content. */
import { type Expected, OutputError, type OutputParser } from '@tabllama/chat';

export interface Watcher {
  /**
   * Takes the next piece of the text, and says how much of it comes before what is bound: a call, where something is expected, else
   * the content. The parser has not seen what comes behind. No piece is the end of the text: there the content should begin, unless
   * tools were called.
   */
  look(piece?: string): { readonly before: number; readonly expected?: Expected } | undefined;
  /** Takes a piece of text that is bound. */
  follow(piece: string): void;
}

/** `parser` is one of its own; `forContent`: the content is bound. */
export function createWatcher(parser: OutputParser, forContent: boolean): Watcher {
  let isCalling = false;
  /** What is wrong with the answer is told by its own parser. */
  let isBroken = false;
  const guarded = <T>(work: () => T): T | undefined => {
    if (isBroken) return undefined;
    try {
      return work();
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      isBroken = true;
      return undefined;
    }
  };
  return {
    look: piece =>
      guarded(() => {
        if (piece === undefined)
          return isCalling || !forContent || parser.end().calls ? undefined : { before: 0 };
        // unit by unit, so that there is no doubt where in a piece it was
        for (let i = 0; i < piece.length; i++) {
          const { content, calls } = parser.push(piece[i]);
          const { expected } = parser;
          isCalling ||= calls !== undefined || expected !== undefined;
          if (expected) return { before: i + 1, expected };
          // blanks before it do no harm to a format
          if (forContent && !isCalling && content?.trim())
            return { before: Math.max(0, i + 1 - content.length) };
        }
        return undefined;
      }),
    follow(piece) {
      guarded(() => parser.push(piece));
    },
  };
}
