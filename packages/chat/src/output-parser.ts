/** The text of a model, while it streams, as thinking, content and calls of tools: in the way that its template tells. */
import type { ChatMessage } from './chat-template.ts';
import type { TemplateChoice } from './choose.ts';
import { directly } from './formats/command-r.ts';
import { findFormat, findParser } from './formats/index.ts';
import { createMarkedParser } from './formats/marked.ts';
import { createGenericParser } from './generic-tools.ts';
import { callForm } from './go/calls.ts';
import { type OutputParser, parsed } from './output.ts';
import { createThinkingParser } from './thinking.ts';
import { readTools } from './tools.ts';

export interface OutputRequest {
  /** The text that the model continues. */
  readonly prompt: string;
  readonly think?: boolean | string;
  /** The prompt is the user's own: none of Ollama's parsers looks at what continues it. */
  readonly raw?: boolean;
  readonly messages?: readonly ChatMessage[];
  readonly tools?: readonly unknown[];
}

/** For answers to messages. */
export function createOutputParser(choice: TemplateChoice, request: OutputRequest): OutputParser {
  const builtin = findParser(choice.parser)?.create(request);
  if (builtin) return builtin;
  const { prompt } = request;
  const tools = readTools(request.tools);
  if (choice.language === 'go') {
    const thinking = createCompletionParser(choice, request);
    if (tools.length === 0) return thinking;
    const { source, toolTag } = choice.go;
    const known = source.includes(directly.name) ? [...tools, directly] : tools;
    return inTurn(thinking, createGenericParser(toolTag, known, callForm(choice.go, toolTag)));
  }
  const source = choice.jinja ?? '';
  const format = findFormat(source);
  if (format.create) return format.create(tools, { prompt });
  const tags = format.thinking ?? { open: '<think>', close: '</think>' };
  // a line end is written otherwise in a template
  const thinks = source.includes(tags.open.trimEnd()) && source.includes(tags.close);
  return createMarkedParser(format, {
    tools,
    thinking: thinks ? (prompt.trimEnd().endsWith(tags.open) ? 'opened' : 'possible') : 'none',
    isNative: true,
  });
}

/** For `/api/generate`, where Ollama looks at the Go template alone, and only if the model is to think. */
export function createCompletionParser(choice: TemplateChoice, request: OutputRequest): OutputParser {
  const { prompt, think, raw } = request;
  const builtin = raw
    ? undefined
    : findParser(choice.parser)?.create({ ...request, tools: [], messages: [] });
  if (builtin) return builtin;
  const tags = think ? choice.go.thinkingTags : undefined;
  if (!tags) return plain;
  const parser = createThinkingParser(tags, prompt.trimEnd().endsWith(tags.open));
  return {
    push(piece) {
      const found = parser.push(piece);
      return found.thinking || found.content ? parsed(found) : { isSilent: true };
    },
    end: () => ({}),
    get inContent() {
      return parser.inContent;
    },
  };
}

const plain: OutputParser = {
  push: piece => (piece ? { content: piece } : {}),
  end: () => ({}),
  inContent: true,
};

/** The content of one parser goes through the other. */
function inTurn(first: OutputParser, second: OutputParser): OutputParser {
  return {
    push(piece) {
      const { thinking, content = '', isSilent } = first.push(piece);
      return isSilent ? { isSilent } : { ...(thinking ? { thinking } : {}), ...second.push(content) };
    },
    end: second.end,
    get inContent() {
      return first.inContent;
    },
    shapes: second.shapes,
    marks: second.marks,
    get expected() {
      return second.expected;
    },
  };
}
