/**
 * Separates a model's thinking (`<think>…</think>` at the start of its answer) from its content, while the text streams.
 * The rules are those of Ollama's `thinking/parser.go`; tool calls are not looked for.
 */
import { partialLength } from './partial.ts';

const open = '<think>';
const close = '</think>';

export interface ParsedText {
  readonly content?: string;
  readonly thinking?: string;
}

export interface OutputParser {
  /** Takes the next piece and returns what is certain by now; a possible part of a tag is withheld. */
  push(piece: string): ParsedText;
  /** What is still withheld, at the end of the stream. */
  end(): ParsedText;
}

/** True if a prompt ends in an open `<think>`: the answer begins inside the thinking. */
export function opensThinking(prompt: string): boolean {
  return prompt.trimEnd().endsWith(open);
}

/**
 * Without `thinking` all text is content, tags included. With it, only one block at the very start counts; white space
 * before it, after `<think>` and after `</think>` is dropped. `opened`: see `opensThinking`.
 */
export function createOutputParser(options: {
  readonly thinking: boolean;
  readonly opened?: boolean;
}): OutputParser {
  let state: 'start' | 'opened' | 'thinking' | 'closed' | 'content' = 'content';
  if (options.thinking) state = options.opened ? 'opened' : 'start';
  let text = '';

  const take = (length: number) => {
    const taken = text.slice(0, length);
    text = text.slice(length);
    return taken;
  };

  return {
    push(piece) {
      text += piece;
      let thinking = '';
      if (state === 'start') {
        const begun = text.trimStart();
        if (begun.startsWith(open)) {
          text = begun.slice(open.length);
          state = 'opened';
        } else if (open.startsWith(begun)) return {};
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
      return parsed(thinking, state === 'content' ? take(text.length) : '');
    },
    end() {
      const rest = take(text.length);
      return state === 'thinking' ? parsed(rest, '') : parsed('', rest);
    },
  };
}

function parsed(thinking: string, content: string): ParsedText {
  return { ...(thinking ? { thinking } : {}), ...(content ? { content } : {}) };
}
