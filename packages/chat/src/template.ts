/**
 * The model's own chat template, a Jinja program out of the GGUF's `tokenizer.chat_template`, from messages to prompt text.
 * The variables are those of llama.cpp and Hugging Face Transformers. Tokens and context windows are not known here.
 */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import { BoundedInterpreter } from './jinja/interpreter.ts';
import { maxBlankRun, maxSourceLength, TemplateError } from './jinja/limits.ts';
import { strftime } from './jinja/strftime.ts';

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  readonly tool_calls?: readonly ChatToolCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

export interface ChatToolCall {
  readonly id?: string;
  readonly function: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
}

export interface TemplateRequest {
  readonly messages: readonly ChatMessage[];
  /** Tools as Ollama and OpenAI write them: `{ type: 'function', function: { name, description, parameters } }`. */
  readonly tools?: readonly unknown[];
  /** Absent is the same as true: a model that can think does. A text is a level, such as `high`. */
  readonly think?: boolean | string;
  /** Ends the prompt where the model's answer begins. Default true. */
  readonly addGenerationPrompt?: boolean;
}

export interface ChatTemplate {
  /** The prompt. Throws TemplateError where the template refuses the messages, fails, or wants more than its bounds. */
  render(request: TemplateRequest): string;
  /** The template's text speaks of tools (Ollama's rule for the capability). */
  readonly supportsTools: boolean;
  /** The template's text has both `<think>` and `</think>` (Ollama's rule for the capability). */
  readonly supportsThinking: boolean;
}

/**
 * Parses a template once. `tokens` are the texts of the model's BOS and EOS tokens.
 * Throws TemplateError for one that does not parse or is too long.
 */
export function createTemplate(
  source: string,
  tokens: { readonly bos?: string; readonly eos?: string },
): ChatTemplate {
  const program = guard('cannot be parsed', () => {
    checkSource(source);
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  });

  return {
    supportsTools: /tools|tool_call/.test(source),
    supportsThinking: source.includes('<think>') && source.includes('</think>'),
    render: request =>
      guard('failed', () => {
        const scope = new Environment();
        for (const [name, value] of Object.entries({ ...globals, ...variables(request, tokens) })) {
          scope.set(name, value);
        }
        return String(new BoundedInterpreter(scope).run(program).value);
      }),
  };
}

function checkSource(source: string): void {
  if (source.length > maxSourceLength) {
    throw new TemplateError(
      `The chat template has ${source.length} characters, more than ${maxSourceLength}`,
    );
  }
  for (const [run] of source.matchAll(/\s+/g)) {
    if (run.length > maxBlankRun) {
      throw new TemplateError(
        `The chat template has ${run.length} blanks in a row, more than ${maxBlankRun}`,
      );
    }
  }
}

/** Every failure becomes a TemplateError whose message says what went wrong in one sentence. */
function guard<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    // The engine's own limits: the stack, and the length of a string.
    const reason =
      error instanceof RangeError ? 'it nests or grows beyond all bounds' : (error as Error).message;
    throw new TemplateError(`The chat template ${what}${reason ? `: ${reason}` : ''}`, { cause: error });
  }
}

const maxRange = 100_000;
const maxReason = 500;

const globals = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception: (message: unknown) => {
    throw new TemplateError(`The chat template refuses the messages: ${String(message).slice(0, maxReason)}`);
  },
  strftime_now: (format: unknown) => strftime(new Date(), String(format)),
  range: (...bounds: number[]) => {
    if (!bounds.length || !bounds.every(Number.isSafeInteger)) throw new Error('range() takes whole numbers');
    const [start, stop, step] =
      bounds.length === 1 ? [0, bounds[0], 1] : [bounds[0], bounds[1], bounds[2] ?? 1];
    if (step === 0) throw new Error('range() takes no step of zero');
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > maxRange) throw new TemplateError(`The chat template asks for a range of ${length} numbers`);
    return Array.from({ length }, (_, i) => start + i * step);
  },
};

/** What a template may look at. `thinking` is the name of DeepSeek V3.1 and Granite for `enable_thinking`. */
function variables(
  { messages, tools, think, addGenerationPrompt = true }: TemplateRequest,
  tokens: { bos?: string; eos?: string },
) {
  return {
    messages: messages.map(templateMessage),
    // Templates ask "tools is defined", so where there are none there is no such variable.
    ...(tools?.length ? { tools } : {}),
    bos_token: tokens.bos ?? '',
    eos_token: tokens.eos ?? '',
    add_generation_prompt: addGenerationPrompt,
    enable_thinking: think !== false,
    thinking: think !== false,
    ...(typeof think === 'string' ? { reasoning_effort: think } : {}),
  };
}

function templateMessage({ role, content, thinking, tool_calls, tool_name, tool_call_id }: ChatMessage) {
  return {
    role,
    content,
    // gpt-oss says `thinking`, everyone else `reasoning_content`.
    ...(thinking ? { reasoning_content: thinking, thinking } : {}),
    ...(tool_calls?.length ? { tool_calls: tool_calls.map(templateToolCall) } : {}),
    ...(tool_name ? { name: tool_name } : {}),
    ...(tool_call_id ? { tool_call_id } : {}),
  };
}

function templateToolCall(call: ChatToolCall) {
  const { name, arguments: values } = call.function;
  return { ...(call.id ? { id: call.id } : {}), type: 'function', function: { name, arguments: values } };
}
