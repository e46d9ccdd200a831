/** From messages to the text of a prompt: the model's template, and which messages are left out where they do not all fit. */
import { type Message, type ModelInfo, type RenderRequest, runnerError, StatusError } from '@tabllama/api';
import {
  type ChatMessage,
  type ChatTemplate,
  type ChatToolCall,
  chooseTemplate,
  createGoTemplate,
  createJinjaTemplate,
  harmonyTools,
  knownTools,
  quote,
  sorted,
  type TemplateChoice,
} from '@tabllama/chat';
import type { Tokenizer } from '@tabllama/tokenizer';

export interface OpenedTemplate {
  readonly choice: TemplateChoice;
  /** The template in use. */
  readonly template: ChatTemplate;
}

/** The template of a model. Throws StatusError 501 for a model that Ollama has a program of its own for, TemplateError for one that is malformed. */
export function openTemplate(info: ModelInfo, tokenizer: Tokenizer): OpenedTemplate {
  const { name, template, gguf, config } = info;
  const jinja = gguf.metadata.get('tokenizer.chat_template');
  const choice = chooseTemplate({
    go: template,
    jinja: typeof jinja === 'string' ? jinja : undefined,
    family: config?.model_family,
    renderer: config?.renderer,
    parser: config?.parser,
  });
  if (choice.language === 'jinja') {
    const template = openJinja(choice.jinja ?? chatMl, tokenizer);
    return { choice, template: choice.isNative ? asNative(template) : template };
  }
  if (config?.renderer && !renderers.test(config.renderer)) {
    throw new StatusError(500, `unknown renderer ${quote(config.renderer)}`);
  }
  if (config?.renderer && template === undefined) {
    throw new StatusError(
      501,
      `the prompts of "${name}" are made by a part of Ollama, the renderer "${config.renderer}", which is not there ` +
        'here, and its GGUF file has no chat template: create the model with a template, or send a raw prompt to /api/generate',
    );
  }
  return { choice, template: choice.go };
}

/** Ollama's programs for prompts. A newer one is none for it; a model that names one and has a Jinja template does without. */
const renderers =
  /^(qwen3-(coder|vl-(instruct|thinking))|qwen3\.[58]|ornith|cogito|deepseek3\.1|olmo3(\.1|(-32b)?-think)?|nemotron-3(\.5)?-nano|gemma4(-small|-large)?|functiongemma|glm-(4\.7|ocr)|lfm2(-thinking)?|laguna|poolside-v1|cohere|glimmer)$/;

const chatMl = `{% for message in messages %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`;

/** Ollama tells llama.cpp's server nothing of old thoughts, and writes within arguments the keys of objects in order. */
const asNative = (template: ChatTemplate): ChatTemplate => ({
  render: input =>
    template.render({
      ...input,
      messages: input.messages.map(({ thinking, tool_calls, ...message }) => ({
        ...message,
        tool_calls: tool_calls?.map(call => ({ ...call, function: withSortedValues(call.function) })),
      })),
    }),
});

const withSortedValues = ({ arguments: values, ...called }: ChatToolCall['function']) => ({
  ...called,
  arguments: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, sorted(value)])),
});

function openJinja(source: string, tokenizer: Tokenizer): ChatTemplate {
  const textOf = (token: number | undefined) =>
    token === undefined ? undefined : tokenizer.tokenText(token);
  const bos = textOf(tokenizer.bos);
  const eos = textOf(tokenizer.eos);
  const jinja = createJinjaTemplate(source, { bos, eos });
  let takesSystem: boolean | undefined;
  return {
    render(input) {
      const { kept, begun } = split(input.messages);
      let messages = kept.map(one =>
        one.role === 'developer' && !source.includes('<|channel|>') ? { ...one, role: 'system' } : one,
      );
      if (messages[0]?.role === 'system') {
        takesSystem ??= showsSystem(jinja);
        if (!takesSystem) messages = mergeSystem(messages);
      }
      let prompt = jinja.render({ ...input, messages, tools: input.tools && knownTools(input.tools) });
      // what the tokenizer adds by itself would be there twice
      if (bos && tokenizer.addBos && prompt.startsWith(bos)) prompt = prompt.slice(bos.length);
      if (eos && tokenizer.addEos && prompt.endsWith(eos)) prompt = prompt.slice(0, -eos.length);
      return prompt + (begun ?? '');
    },
  };
}

/** As in llama.cpp's server, the answer goes on with an assistant's message at the end. Throws StatusError 400 in its words. */
function split(messages: readonly ChatMessage[]): {
  readonly kept: readonly ChatMessage[];
  readonly begun?: string;
} {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return { kept: messages };
  if (messages.at(-2)?.role === 'assistant') {
    throw runnerError(400, 'Cannot have 2 or more assistant messages at the end of the list.');
  }
  if (last.tool_calls?.length) {
    throw runnerError(400, 'Cannot continue an assistant message that contains tool calls.');
  }
  return { kept: messages.slice(0, -1), begun: last.content };
}

/** Whether a template has a place for a system text; llama.cpp's server finds out by trying, too. */
function showsSystem(jinja: ChatTemplate): boolean {
  const text = 'System message';
  const messages = [
    { role: 'system', content: text },
    { role: 'user', content: 'User message' },
  ];
  try {
    return jinja.render({ messages }).includes(text);
  } catch {
    return false;
  }
}

/** Without such a place the text goes before the next message's. */
function mergeSystem([system, next, ...rest]: readonly ChatMessage[]): ChatMessage[] {
  return next ? [{ ...next, content: `${system.content}\n${next.content}` }, ...rest] : [];
}

/**
 * Renders the messages; while there are more than `contextLength` tokens, without the oldest. System messages stay, and the last
 * message does, fit or not. Throws TemplateError if the template fails.
 */
export function renderPrompt(
  { choice, template: ofChats }: OpenedTemplate,
  request: RenderRequest,
  contextLength: number,
  countTokens: (prompt: string) => number,
): string {
  const { messages, suffix, template: other, truncate = true } = request;
  // as in Ollama: gpt-oss knows no greater level, and writes its tools as TypeScript
  const isHarmony = choice.parser === 'harmony';
  const think = isHarmony && request.think === 'max' ? 'high' : request.think;
  const tools = isHarmony ? harmonyTools(request.tools) : request.tools;
  if (suffix) {
    const fill = { prompt: messages.at(-1)?.content ?? '', suffix };
    return (other ? createGoTemplate(other) : choice.go).render({ messages: [], think, fill });
  }
  if (other) return createGoTemplate(other).render({ messages, tools, think });
  const template = request.isPrompt && choice.jinja === undefined ? choice.go : ofChats;
  const render = (all: readonly Message[], first: number) =>
    template.render({ messages: all.filter(({ role }, i) => i >= first || role === 'system'), tools, think });
  let first = 0;
  let prompt = render(messages, first);
  while (truncate && first < messages.length - 1 && countTokens(prompt) > contextLength) {
    prompt = render(messages, ++first);
  }
  const hasImages = messages.slice(first).some(({ images }) => images?.length);
  return hasImages ? render(withImageTags(messages, first), first) : prompt;
}

/** `[img-0]` and so on, where a text from the `first` message on says `[img]` or else before it. They are not measured, as in Ollama. */
function withImageTags(messages: readonly Message[], first: number): readonly Message[] {
  let next = 0;
  return messages.map((message, i) => {
    if (i < first) return message;
    let { content } = message;
    let before = '';
    for (const _ of message.images ?? []) {
      const tag = `[img-${next++}]`;
      if (content.includes('[img]')) content = content.replace('[img]', tag);
      else before += tag;
    }
    return { ...message, content: before + content };
  });
}
