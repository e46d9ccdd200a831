/** What comes of a model's text. */
import type { Expected, Shape } from './formats/format.ts';

export interface ParsedCall {
  readonly id?: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface ParsedText {
  readonly content?: string;
  readonly thinking?: string;
  readonly calls?: readonly ParsedCall[];
  /** All is withheld by a parser for which Ollama then says nothing, not even logprobs. */
  readonly isSilent?: boolean;
}

export interface OutputParser {
  /** Takes the next piece and returns what is certain by now; a possible part of a mark is withheld. Throws OutputError. */
  push(piece: string): ParsedText;
  /** What is still withheld, at the end of the stream. Throws OutputError. */
  end(): ParsedText;
  /** What comes from here on is content or a call: no thoughts are open, and none can open any more. */
  readonly inContent: boolean;
  /** Every shape that may ever be expected. */
  readonly shapes?: readonly Shape[];
  /** Where the text has just opened a call: what may follow. */
  readonly expected?: Expected;
  /** Control tokens that have to be seen in the text. */
  readonly marks?: readonly string[];
}

/** Without the fields that say nothing. */
export function parsed(all: {
  readonly thinking: string;
  readonly content: string;
  readonly calls?: readonly ParsedCall[];
}): ParsedText {
  const { thinking, content, calls } = all;
  return {
    ...(thinking ? { thinking } : {}),
    ...(content ? { content } : {}),
    ...(calls?.length ? { calls } : {}),
  };
}
