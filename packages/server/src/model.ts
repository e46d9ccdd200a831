/** Finding a model by the name of a request, and what can be told about it from its manifest and its header. */
import {
  type InstalledModel,
  type ModelName,
  modelSource,
  parseModelName,
  StatusError,
  type Store,
} from '@tabllama/api';
import { chooseTemplate, type TemplateChoice } from '@tabllama/chat';
import type { Gguf } from '@tabllama/gguf';

/** The name that a request means. `invalid` is what an impossible name is answered with. */
export function readName(text: string, invalid = 'invalid model name'): ModelName {
  const { base, source } = modelSource(text);
  const name = parseModelName(base);
  if (name === undefined) throw new StatusError(400, invalid);
  if (source === 'cloud') {
    throw new StatusError(403, 'ollama cloud is disabled: remote model is unavailable');
  }
  return name;
}

/** The installed model of a request. `missing` is what is answered with status 404 where there is none. */
export async function findModel(
  store: Store,
  text: string,
  missing: (name: ModelName) => string = () => `model '${text}' not found`,
): Promise<InstalledModel> {
  const name = readName(text);
  const model = await store.find(name);
  if (model === undefined) throw new StatusError(404, missing(name));
  return model;
}

/** A name to write to: the spelling of the installed model, where there is one. */
export async function nameToWrite(store: Store, name: ModelName): Promise<ModelName> {
  return (await store.find(name))?.name ?? name;
}

/** The template in a GGUF's own language, Jinja. */
export function jinjaTemplate(gguf: Gguf): string | undefined {
  const template = gguf.metadata.get('tokenizer.chat_template');
  return typeof template === 'string' ? template : undefined;
}

/** A number of the model's architecture, such as `context_length`. */
export function architectureNumber(gguf: Gguf, key: string): number | undefined {
  const value = gguf.metadata.get(`${gguf.metadata.get('general.architecture')}.${key}`);
  return typeof value === 'number' && value > 0 ? value : undefined;
}

/** The template that a model is used with. Throws TemplateError for a Go template that does not parse. */
export function templateOf({ template, config }: InstalledModel, gguf: Gguf): TemplateChoice {
  const { model_family: family, renderer, parser } = config;
  return chooseTemplate({ go: template, jinja: jinjaTemplate(gguf), family, renderer, parser });
}

/** The text of the template in use. */
export function templateText(model: InstalledModel, gguf: Gguf): string {
  const { language, jinja, go } = templateOf(model, gguf);
  return language === 'jinja' && jinja !== undefined ? jinja : go.source;
}

/** What a model can do, in Ollama's order: by its config, the keys of the header, and the template in use. */
export function capabilities(model: InstalledModel, gguf: Gguf): string[] {
  const architecture = gguf.metadata.get('general.architecture');
  const { language, capabilities: ofTemplate } = templateOf(model, gguf);
  const found = new Set<string>(model.config.capabilities);
  const add = (all: readonly string[]) => {
    for (const one of all) found.add(one);
  };
  if (language === 'jinja') add(ofTemplate);
  found.add(gguf.metadata.has(`${architecture}.pooling_type`) ? 'embedding' : 'completion');
  const hasProjector = model.manifest.layers.some(layer => layer.mediaType.endsWith('.image.projector'));
  if (gguf.metadata.has(`${architecture}.vision.block_count`) || hasProjector) found.add('vision');
  add(ofTemplate);
  return [...found];
}

/** `details` of show and ps. */
export function details(model: InstalledModel) {
  const { config } = model;
  return {
    parent_model: model.model?.from ?? '',
    format: config.model_format,
    family: config.model_family,
    families: config.model_families,
    parameter_size: config.model_type,
    quantization_level: config.file_type,
  };
}
