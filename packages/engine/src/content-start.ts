/** Where in the text of an answer its content begins: behind the thinking, as the parser of the answer has it. */
import type { OutputParser } from '@tabllama/chat';

/**
 * A function that is told the text piece by piece, and says how much of a piece comes before the content; undefined: all of it, and the
 * content is yet to come.
 * @param parser one of its own
 */
export function findContent(parser: OutputParser): (piece: string) => number | undefined {
  return piece => {
    // unit by unit, so that there is no doubt where in a piece it was
    for (let i = 0; i < piece.length; i++) {
      const { content } = parser.push(piece[i]);
      // blanks before it do no harm to a format
      if (content?.trim()) return Math.max(0, i + 1 - content.length);
    }
    return undefined;
  };
}
