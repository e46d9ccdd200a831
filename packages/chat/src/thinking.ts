/**
 * Separates a model's thinking at the start of its answer from its content, while the text streams. The rules are those of Ollama's
 * `thinking/parser.go`.
 */
import type { ThinkingTags } from './go/infer.ts';
import { partialLength } from './partial.ts';

export interface ThinkingParser {
  /** Takes the next piece and returns what is certain by now; a possible part of a tag is withheld, and lost where the text ends with it. */
  push(piece: string): { readonly thinking: string; readonly content: string };
  /** What comes from here on is content. */
  readonly inContent: boolean;
}

/**
 * Only one block at the very start counts; white space before it, after its first tag and after its last is dropped. `opened`: the
 * answer begins inside the thinking.
 */
export function createThinkingParser({ open, close }: ThinkingTags, opened: boolean): ThinkingParser {
  let state: 'start' | 'opened' | 'thinking' | 'closed' | 'content' = opened ? 'opened' : 'start';
  let text = '';

  const take = (length: number) => {
    const taken = text.slice(0, length);
    text = text.slice(length);
    return taken;
  };

  return {
    get inContent() {
      return state === 'content' || state === 'closed';
    },
    push(piece) {
      text += piece;
      let thinking = '';
      if (state === 'start') {
        const begun = text.trimStart();
        if (begun.startsWith(open)) {
          text = begun.slice(open.length);
          state = 'opened';
        } else if (open.startsWith(begun)) return { thinking: '', content: '' };
        else state = 'content';
      }
      if (state === 'opened') {
        text = text.trimStart();
        if (text) state = 'thinking';
      }
      if (state === 'thinking') {
        const end = text.indexOf(close);
        thinking = take(end < 0 ? text.length - partialLength(text, close) : end);
        if (end >= 0) {
          take(close.length);
          state = 'closed';
        }
      }
      if (state === 'closed') {
        text = text.trimStart();
        if (text) state = 'content';
      }
      return { thinking, content: state === 'content' ? take(text.length) : '' };
    },
  };
}
