/** Where in the text of an answer its content begins: behind the thinking, as the parser of the answer has it. */
import type { OutputParser } from '@tabllama/chat';

/**
 * A function that is told the text piece by piece, and says how much of a piece comes before the content; undefined: all of it, and the
 * content is yet to come. No piece is the end of the text: there the content should begin, unless tools were called.
 * @param parser one of its own
 */
export function findContent(parser: OutputParser): (piece?: string) => number | undefined {
  let isCalling = false;
  return piece => {
    if (piece === undefined) return isCalling || parser.end().calls ? undefined : 0;
    // unit by unit, so that there is no doubt where in a piece it was
    for (let i = 0; i < piece.length; i++) {
      const { content, calls } = parser.push(piece[i]);
      isCalling ||= calls !== undefined;
      // blanks before it do no harm to a format
      if (!isCalling && content?.trim()) return Math.max(0, i + 1 - content.length);
    }
    return undefined;
  };
}
