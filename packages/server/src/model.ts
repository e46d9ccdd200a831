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

export const cloudDisabled = (what: string) => new StatusError(403, `ollama cloud is disabled: ${what}`);

export interface NameOptions {
  /** What an impossible name is answered with. */
  readonly invalid?: string;
  /** What is said of a name that is marked as one of Ollama's cloud. */
  readonly cloud?: string;
}

/** The name of a model to use. Throws StatusError. */
export function readName(
  text: string,
  { invalid = 'invalid model name', cloud = 'remote model is unavailable' }: NameOptions = {},
): ModelName {
  const { base, source } = modelSource(text);
  const name = parseModelName(base);
  if (name === undefined) throw new StatusError(400, invalid);
  if (source === 'cloud') throw cloudDisabled(cloud);
  return name;
}

/** The name of a model to fetch or to delete, where a mark of the cloud is a part of the name: `x:20b:cloud` is `x:20b-cloud`. */
export function readStoredName(text: string, invalid = 'invalid model name'): ModelName {
  const { base, source } = modelSource(text);
  const tagged = base.lastIndexOf(':') > base.lastIndexOf('/');
  const name = parseModelName(source !== 'cloud' ? base : `${base}${tagged ? '-' : ':'}cloud`);
  if (name === undefined) throw new StatusError(400, invalid);
  return name;
}

export interface FindOptions extends NameOptions {
  /** What is answered with status 404 where there is no such model. */
  readonly missing?: (name: ModelName) => string;
}

/** The installed model of a request. One that runs elsewhere is not found under a name that is marked as a local one. */
export async function findModel(
  store: Store,
  text: string,
  { missing = () => `model '${text}' not found`, ...options }: FindOptions = {},
): Promise<InstalledModel> {
  const name = readName(text, options);
  const model = await store.find(name);
  const elsewhere = model?.config.remote_host !== undefined && modelSource(text).source === 'local';
  if (model === undefined || elsewhere) throw new StatusError(404, missing(await nameToWrite(store, name)));
  return model;
}

/** A name to write to, or to speak of: each part is spelled as in the installed models that have it. */
export async function nameToWrite(store: Store, name: ModelName): Promise<ModelName> {
  const spelled: Record<keyof ModelName, string> = { ...name };
  for (const known of await store.list()) {
    for (const part of Object.keys(spelled) as (keyof ModelName)[]) {
      if (spelled[part].toLowerCase() === known.name[part].toLowerCase()) spelled[part] = known.name[part];
    }
  }
  return spelled;
}

/** The template in a GGUF's own language, Jinja. */
function jinjaTemplate(gguf: Gguf): string | undefined {
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
  const { isNative, jinja, go } = templateOf(model, gguf);
  return isNative && jinja !== undefined ? jinja : go.source;
}

/** What a model can do, in Ollama's order: by its config, the keys of the header, and the template in use. */
export function capabilities(model: InstalledModel, gguf: Gguf): string[] {
  const { isNative, capabilities: ofTemplate } = templateOf(model, gguf);
  const ofFile = isNative ? ofTemplate : [];
  return [
    ...new Set([...(model.config.capabilities ?? []), ...ofFile, ...abilities(model, gguf), ...ofTemplate]),
  ];
}

/** What a model can do by the keys of its header. */
export function abilities({ manifest }: InstalledModel, { metadata }: Gguf): string[] {
  const architecture = metadata.get('general.architecture');
  const hasProjector = manifest.layers.some(layer => layer.mediaType.endsWith('.image.projector'));
  return [
    metadata.has(`${architecture}.pooling_type`) ? 'embedding' : 'completion',
    ...(metadata.has(`${architecture}.vision.block_count`) || hasProjector ? ['vision'] : []),
    ...(metadata.has(`${architecture}.audio.block_count`) ? ['audio'] : []),
  ];
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
