/** What a chat template is, in whichever language: messages to the text of a prompt. */

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
  readonly thinking?: string;
  /** Base64. */
  readonly images?: readonly string[];
  readonly tool_calls?: readonly ChatToolCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

export interface ChatToolCall {
  readonly id?: string;
  readonly function: {
    readonly index?: number;
    readonly name: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  };
}

export interface TemplateRequest {
  readonly messages: readonly ChatMessage[];
  /** Tools as Ollama and OpenAI write them: `{ type: 'function', function: { name, description, parameters } }`. */
  readonly tools?: readonly unknown[];
  /** A text is a level, such as `high`. Absent: nothing is said; a Jinja template then takes it for true. */
  readonly think?: boolean | string;
  /** Jinja only: ends the prompt where the model's answer begins. Default true. */
  readonly addGenerationPrompt?: boolean;
  /** In place of messages: the text before and after what is to be filled in. */
  readonly fill?: { readonly prompt: string; readonly suffix: string };
}

export interface ChatTemplate {
  /** The prompt. Throws TemplateError where the template refuses the messages, fails, or wants more than its bounds. */
  render(request: TemplateRequest): string;
}

/** What a template makes of a model, by Ollama's rules; `insert` is filling in the middle. */
export type Capability = 'tools' | 'insert' | 'thinking';
