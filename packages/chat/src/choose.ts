/** Which of a model's templates is used, and what it can therefore do. Rules: `server/images.go` in ollama/ollama. */
import type { Capability } from './chat-template.ts';
import { findParser } from './formats/index.ts';
import { createGoTemplate, type GoTemplate } from './go/template.ts';
import { jinjaCapabilities, jinjaTakesResults } from './jinja/template.ts';

/** What a manifest and a header say about prompts. */
export interface TemplateSources {
  /** The Go template of the manifest. */
  readonly go?: string;
  /** `tokenizer.chat_template` of the GGUF. */
  readonly jinja?: string;
  readonly family?: string;
  readonly renderer?: string;
  readonly parser?: string;
}

export interface TemplateChoice {
  readonly language: 'go' | 'jinja';
  /** Whether Ollama leaves chats to llama.cpp's server, which runs the Jinja template: the model names no program of Ollama's own. */
  readonly isNative: boolean;
  /** Absent where a model has no template at all: chats with it are ChatML, as in llama.cpp's server. */
  readonly jinja?: string;
  /** The manifest's, or Ollama's default, which passes the prompts on alone. */
  readonly go: GoTemplate;
  /** The name of the parser that separates the output, where the model names one. */
  readonly parser?: string;
  readonly capabilities: readonly Capability[];
}

const families = ['gptoss', 'gpt-oss'];

/** Throws TemplateError for a Go template that does not parse. */
export function chooseTemplate(sources: TemplateSources): TemplateChoice {
  const { family = '', renderer } = sources;
  const jinja = sources.jinja || undefined;
  const go = createGoTemplate(sources.go ?? '{{ .Prompt }}');
  const isHarmony =
    families.includes(family) && go.source.includes('<|start|>') && go.source.includes('<|end|>');
  const parser = sources.parser || (isHarmony ? 'harmony' : undefined);

  // a renderer is Ollama's own program for a model; the file's template says the same in Jinja
  const usesJinja =
    !isHarmony &&
    (jinja
      ? renderer || sources.go === undefined || (!parser && prefersJinja(jinja, go))
      : !renderer && !parser && sources.go === undefined);
  const capabilities = new Set<Capability>(
    usesJinja && jinja && !renderer && !parser
      ? jinjaCapabilities(jinja)
      : sources.go === undefined
        ? []
        : go.capabilities,
  );
  const named = findParser(sources.parser);
  if (named?.tools) capabilities.add('tools');
  if (named?.thinking || families.includes(family)) capabilities.add('thinking');
  const isNative = Boolean(usesJinja) && !renderer && !parser;
  const language = usesJinja ? 'jinja' : 'go';
  return { language, isNative, jinja, go, parser, capabilities: [...capabilities] };
}

/** Where both are there: Jinja if it can do more, or as much and takes results of tools where the other does not. */
function prefersJinja(jinja: string, go: GoTemplate): boolean {
  const can = jinjaCapabilities(jinja);
  const takesResults = can.includes('tools') && jinjaTakesResults(jinja);
  if (can.length > go.capabilities.length) return !go.takesResults || takesResults;
  const same = can.length === go.capabilities.length && can.every(one => go.capabilities.includes(one));
  return same && can.includes('tools') && takesResults && !go.takesResults;
}
