/** The text of a model, while it streams, as thinking and content: in the way that its template tells. */
import type { TemplateChoice } from './choose.ts';
import { createThinkingParser } from './thinking.ts';

export interface ParsedText {
  readonly content?: string;
  readonly thinking?: string;
}

export interface OutputParser {
  /** Takes the next piece and returns what is certain by now; a possible part of a tag is withheld. */
  push(piece: string): ParsedText;
  /** What is still withheld, at the end of the stream. */
  end(): ParsedText;
  /** What comes from here on is content: no thoughts are open, and none can open any more. */
  readonly inContent: boolean;
}

export interface OutputRequest {
  /** The text that the model continues. */
  readonly prompt: string;
  readonly think?: boolean | string;
}

/** For answers to messages. */
export function createOutputParser(choice: TemplateChoice, request: OutputRequest): OutputParser {
  if (choice.language === 'go') return createCompletionParser(choice, request);
  return choice.capabilities.includes('thinking')
    ? separated({ open: '<think>', close: '</think>' }, request.prompt, true)
    : plain;
}

/** For `/api/generate`, where Ollama looks at the Go template alone, and only if the model is to think. */
export function createCompletionParser(
  choice: TemplateChoice,
  { prompt, think }: OutputRequest,
): OutputParser {
  const tags = think ? choice.go.thinkingTags : undefined;
  return tags ? separated(tags, prompt, false) : plain;
}

const plain: OutputParser = {
  push: piece => (piece ? { content: piece } : {}),
  end: () => ({}),
  inContent: true,
};

function separated(
  tags: { open: string; close: string },
  prompt: string,
  keepsBlanks: boolean,
): OutputParser {
  const parser = createThinkingParser(tags, { opened: prompt.trimEnd().endsWith(tags.open), keepsBlanks });
  return {
    push: piece => parsed(parser.push(piece)),
    end: () => parsed(parser.end()),
    get inContent() {
      return parser.inContent;
    },
  };
}

function parsed({ thinking, content }: { thinking: string; content: string }): ParsedText {
  return { ...(thinking ? { thinking } : {}), ...(content ? { content } : {}) };
}
