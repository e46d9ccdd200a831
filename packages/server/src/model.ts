/** Finding a model by the name of a request, and what can be told about it from its manifest and its header. */
import {
  type InstalledModel,
  type ModelName,
  modelSource,
  parseModelName,
  StatusError,
  type Store,
} from '@tabllama/api';
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

/**
 * What a model can do, read as Ollama reads it: from the keys of the header and from the text of the template in use, which is the
 * Go template of the manifest, or else the Jinja template of the file.
 */
export function capabilities(model: InstalledModel, gguf: Gguf): string[] {
  const architecture = gguf.metadata.get('general.architecture');
  const found = new Set<string>([
    gguf.metadata.has(`${architecture}.pooling_type`) ? 'embedding' : 'completion',
  ]);
  const hasProjector = model.manifest.layers.some(layer => layer.mediaType.endsWith('.image.projector'));
  if (gguf.metadata.has(`${architecture}.vision.block_count`) || hasProjector) found.add('vision');
  if (model.template !== undefined) {
    const uses = (variable: string) => new RegExp(`\\{\\{[^}]*\\.${variable}\\b`).test(model.template!);
    if (uses('Tools')) found.add('tools');
    if (uses('Suffix')) found.add('insert');
    if (uses('Thinking')) found.add('thinking');
  } else {
    const jinja = jinjaTemplate(gguf) ?? '';
    if (jinja.includes('tools') || jinja.includes('tool_call')) found.add('tools');
    if (jinja.includes('<think>') && jinja.includes('</think>')) found.add('thinking');
  }
  for (const capability of model.config.capabilities ?? []) found.add(capability);
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
