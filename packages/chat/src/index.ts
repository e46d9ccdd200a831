/** From messages to the prompt's text, and from the model's text to thinking, content and the end of the answer. */
export { TemplateError } from './jinja/limits.ts';
export { createOutputParser, type OutputParser, opensThinking, type ParsedText } from './output-parser.ts';
export { createStopMatcher, type StopMatcher } from './stop-matcher.ts';
export {
  type ChatMessage,
  type ChatTemplate,
  type ChatToolCall,
  createTemplate,
  type TemplateRequest,
} from './template.ts';
