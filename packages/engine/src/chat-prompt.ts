/** From messages to the text of a prompt: the model's template, and which messages are left out where they do not all fit. */
import { type Message, type ModelInfo, type RenderRequest, StatusError } from '@tabllama/api';
import { type ChatTemplate, createTemplate } from '@tabllama/chat';
import type { Tokenizer } from '@tabllama/tokenizer';

/** The template of a model. Throws StatusError 501 for a Go template, TemplateError for one that is malformed. */
export function openTemplate({ name, template, gguf }: ModelInfo, tokenizer: Tokenizer): ChatTemplate {
  if (template !== undefined) {
    throw new StatusError(
      501,
      `the template of "${name}" is a Go template, which cannot be rendered here: create the model without a ` +
        'template, so that the one in its GGUF file is used, or send a raw prompt to /api/generate',
    );
  }
  const source = gguf.metadata.get('tokenizer.chat_template');
  if (typeof source !== 'string') return promptsAlone;
  const textOf = (token: number | undefined) =>
    token === undefined ? undefined : tokenizer.tokenText(token);
  const bos = textOf(tokenizer.bos);
  const eos = textOf(tokenizer.eos);
  const jinja = createTemplate(source, { bos, eos });
  return {
    ...jinja,
    render(input) {
      let prompt = jinja.render(input);
      // what the tokenizer adds by itself would be there twice
      if (bos && tokenizer.addBos && prompt.startsWith(bos)) prompt = prompt.slice(bos.length);
      if (eos && tokenizer.addEos && prompt.endsWith(eos)) prompt = prompt.slice(0, -eos.length);
      return prompt;
    },
  };
}

/** Ollama's `{{ .Prompt }}` for models without a template: what user and assistant said, up to where the answer begins. */
const promptsAlone: ChatTemplate = {
  supportsTools: false,
  supportsThinking: false,
  render({ messages }) {
    const said = messages.filter(({ role }) => role === 'user' || role === 'assistant');
    if (said.at(-1)?.role === 'assistant') said.pop();
    return said
      .map(({ role, content }, i) => (said[i - 1]?.role === role ? `\n\n${content}` : content))
      .join('');
  },
};

/**
 * Renders the messages; while there are more than `contextLength` tokens, without the oldest. System messages stay, and the last
 * message does, fit or not. Throws TemplateError if the template fails, StatusError 500 for images.
 */
export function renderPrompt(
  template: ChatTemplate,
  request: RenderRequest,
  contextLength: number,
  countTokens: (prompt: string) => number,
): string {
  const { messages, tools, think, truncate = true } = request;
  if (messages.some(({ images }) => images?.length)) {
    throw new StatusError(
      500,
      'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
    );
  }
  const render = (kept: readonly Message[]) =>
    template.render({ messages: kept, tools, think, addGenerationPrompt: true });
  for (let first = 0; ; first++) {
    const kept = messages.filter(({ role }, i) => i >= first || role === 'system');
    const prompt = render(kept);
    if (!truncate || first >= messages.length - 1 || countTokens(prompt) <= contextLength) return prompt;
  }
}
