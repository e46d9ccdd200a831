/** From messages to the prompt's text, and from the model's text to thinking, content and the end of the answer. */
export type {
  Capability,
  ChatMessage,
  ChatTemplate,
  ChatToolCall,
  TemplateRequest,
} from './chat-template.ts';
export { chooseTemplate, type TemplateChoice, type TemplateSources } from './choose.ts';
export { type Expected, OutputError, type Shape } from './formats/format.ts';
export { harmonyTools } from './formats/harmony.ts';
export { createGoTemplate, type GoTemplate } from './go/template.ts';
export { escapeRune, quote, toJson } from './go/text.ts';
export { createJinjaTemplate } from './jinja/template.ts';
export { detectTemplate, type KnownTemplate } from './known/detect.ts';
export { TemplateError } from './limits.ts';
export type { OutputParser, ParsedCall, ParsedText } from './output.ts';
export { createCompletionParser, createOutputParser, type OutputRequest } from './output-parser.ts';
export { createStopMatcher, type StopMatcher } from './stop-matcher.ts';
export { argumentsOf, knownTools, readTools, sorted } from './tools.ts';
