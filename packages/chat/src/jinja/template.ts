/**
 * The model's own chat template, a Jinja program out of the GGUF's `tokenizer.chat_template`, from messages to prompt text.
 * The variables are those of llama.cpp and Hugging Face Transformers. Tokens and context windows are not known here.
 */
import { Environment, parse, tokenize } from '@huggingface/jinja';
import type {
  Capability,
  ChatMessage,
  ChatTemplate,
  ChatToolCall,
  TemplateRequest,
} from '../chat-template.ts';
import { checkLength, TemplateError } from '../limits.ts';
import { BoundedInterpreter } from './interpreter.ts';
import { maxBlankRun } from './limits.ts';
import { strftime } from './strftime.ts';

/**
 * Parses a template once. `tokens` are the texts of the model's BOS and EOS tokens.
 * Throws TemplateError for one that does not parse or is too long.
 */
export function createJinjaTemplate(
  source: string,
  tokens: { readonly bos?: string; readonly eos?: string },
): ChatTemplate {
  const program = guard('cannot be parsed', () => {
    checkSource(source);
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  });

  return {
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

/** What a Jinja text says that it can do, as Ollama reads it: by the words in it. */
export function jinjaCapabilities(source: string): Capability[] {
  const found: Capability[] = [];
  if (/tools|tool_call/.test(source)) found.push('tools');
  const marksThinking = source.includes('<think>') && source.includes('</think>');
  // some templates only cut the thoughts off earlier answers
  const cutsThinking =
    /content\.split\((['"])<\/think>\1\)/.test(source) && !/reasoning_content|<SPECIAL_12>/.test(source);
  if (marksThinking || cutsThinking) found.push('thinking');
  return found;
}

/** Whether calls and their results both have a place in the template, as Ollama judges it. */
export function jinjaTakesResults(source: string): boolean {
  return (
    /tool_calls|assistant_tool_call/.test(source) &&
    /tool_response|tool_results|role(['"])\] == (['"])tool\2|message\.role == (['"])tool\3|ipython/.test(
      source,
    )
  );
}

function checkSource(source: string): void {
  checkLength(source);
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
