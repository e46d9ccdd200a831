/**
 * The formats, and who asks for them: a Jinja template by its text, the first that fits, or the config of a model by the name of one of
 * Ollama's parsers.
 */
import type { OutputParser } from '../output.ts';
import type { OutputRequest } from '../output-parser.ts';
import { readTools } from '../tools.ts';
import { cohere, commandA, commandR } from './command-r.ts';
import { deepseek } from './deepseek.ts';
import type { Format } from './format.ts';
import { functionary31, functionary32 } from './functionary.ts';
import { functionGemma, gemma4 } from './gemma.ts';
import { glm } from './glm.ts';
import { granite } from './granite.ts';
import { createHarmonyParser, harmony } from './harmony.ts';
import { hermes, qwen3 } from './hermes.ts';
import { llama3 } from './llama3.ts';
import { createMarkedParser } from './marked.ts';
import { ministral, mistral, mistralList } from './mistral.ts';
import { apriel, functools, kimi, minimax, nemotron } from './others.ts';
import { lfm2, olmo3 } from './python.ts';
import { qwenCoder } from './qwen-coder.ts';

const formats: readonly Format[] = [
  harmony,
  deepseek,
  mistralList,
  mistral,
  commandA,
  commandR,
  kimi,
  minimax,
  nemotron,
  apriel,
  lfm2,
  olmo3,
  functionGemma,
  gemma4,
  granite,
  functools,
  functionary32,
  glm,
  qwenCoder,
  functionary31,
  hermes,
  llama3,
];

/** What a template that shows no format is taken for: its model may write a call as JSON, or as Hermes does. */
const unknown: Format = { detect: () => true, calls: [...hermes.calls, ...llama3.calls] };

export function findFormat(template: string): Format {
  return formats.find(({ detect }) => detect(template)) ?? unknown;
}

/** One of Ollama's parsers. */
export interface NamedParser {
  readonly tools: boolean;
  readonly thinking: boolean;
  create(request: OutputRequest): OutputParser;
}

interface Opening extends OutputRequest {
  /** The request ends with the beginning of the answer. */
  readonly isPrefilled: boolean;
}

interface Named {
  readonly format: Format;
  /** False for a format without calls. */
  readonly tools?: boolean;
  /** Whether the prompt opens the thoughts. Absent: the model does not think. */
  readonly opens?: (request: Opening) => boolean;
  /** Where the prompt does not open them, the model may. */
  readonly mayThink?: (request: OutputRequest) => boolean;
  /** Content is said at once, the blanks at its end too. */
  readonly keepsBlanks?: boolean;
  /** Thoughts that were not asked for are dropped, as are all of a model that is not asked for any. */
  readonly isDiscreet?: boolean;
  /** A closed call that cannot be read is dropped. */
  readonly dropsBroken?: boolean;
}

const always = () => true;
const wanted = ({ think = true }: OutputRequest) => Boolean(think);
const asked = ({ think }: OutputRequest) => Boolean(think);

const byDefault = { opens: (request: Opening) => wanted(request) && !request.isPrefilled };
const keepsBlanks = true;
const dropsBroken = true;
const behindResults = ({ messages }: OutputRequest) => messages?.at(-1)?.role === 'tool';

const named: Readonly<Record<string, Named>> = {
  qwen3: { format: qwen3 },
  'qwen3-thinking': { format: qwen3, opens: wanted },
  'qwen3-vl-instruct': { format: qwen3 },
  'qwen3-vl-thinking': { format: qwen3, opens: ({ isPrefilled }) => !isPrefilled },
  'qwen3-coder': { format: qwenCoder },
  'qwen3.5': { format: qwenCoder, ...byDefault },
  ornith: { format: qwenCoder, ...byDefault },
  'nemotron-3-nano': { format: qwenCoder, ...byDefault },
  'nemotron-3.5-nano': { format: qwenCoder, ...byDefault },
  deepseek3: {
    format: deepseek,
    keepsBlanks,
    dropsBroken,
    opens: request => asked(request) && !request.isPrefilled,
  },
  cogito: {
    format: deepseek,
    keepsBlanks,
    dropsBroken,
    opens: request => asked(request) && !request.isPrefilled && !request.tools?.length,
  },
  olmo3: { format: olmo3, keepsBlanks, dropsBroken },
  'olmo3-think': {
    format: { ...olmo3, calls: [] },
    keepsBlanks,
    tools: false,
    opens: ({ isPrefilled }) => !isPrefilled,
  },
  functiongemma: { format: functionGemma, keepsBlanks },
  gemma4: {
    format: gemma4,
    keepsBlanks,
    dropsBroken,
    opens: request => asked(request) && behindResults(request),
    mayThink: always,
    isDiscreet: true,
  },
  'gemma4-no-thinking': { format: gemma4, keepsBlanks, dropsBroken, mayThink: always, isDiscreet: true },
  'glm-4.7': { format: glm, opens: wanted, mayThink: always },
  'glm-ocr': { format: glm },
  lfm2: { format: lfm2, keepsBlanks, dropsBroken },
  'lfm2-thinking': { format: lfm2, keepsBlanks, dropsBroken, opens: () => false, mayThink: asked },
  ministral: { format: ministral, mayThink: always },
  cohere: { format: cohere, keepsBlanks, dropsBroken, ...byDefault },
  passthrough: { format: { ...hermes, calls: [] }, keepsBlanks, tools: false },
};

/** The parser of that name; undefined where there is none, and Ollama's rules for templates hold. */
export function findParser(name: string | undefined): NamedParser | undefined {
  if (name === 'harmony') {
    return {
      tools: true,
      thinking: true,
      create: ({ tools, messages }) => createHarmonyParser(readTools(tools), messages?.at(-1)),
    };
  }
  if (name === undefined || !Object.hasOwn(named, name)) return undefined;
  const { format, tools = true, opens, mayThink, isDiscreet, keepsBlanks, dropsBroken } = named[name];
  return {
    tools,
    thinking: opens !== undefined,
    create(request) {
      const last = request.messages?.at(-1);
      const isPrefilled = last?.role === 'assistant' && last.content !== '';
      const isOpen = opens?.({ ...request, isPrefilled });
      const thinking = isOpen ? 'opened' : mayThink?.(request) ? 'possible' : 'none';
      const isSilent = isDiscreet && !(opens && asked(request));
      return createMarkedParser(format, {
        tools: readTools(request.tools),
        thinking,
        isNative: false,
        keepsBlanks,
        isSilent,
        dropsBroken,
      });
    },
  };
}
