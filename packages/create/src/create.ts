/** The lines of `create`: from what it begins with to the manifest. */
import {
  type Layer,
  type Manifest,
  MEDIA_TYPES,
  type ModelConfig,
  type ModelName,
  modelConfig,
  StatusError,
  type Store,
} from '@tabllama/api';
import { createGoTemplate, detectTemplate, TemplateError, toJson } from '@tabllama/chat';
import knownTemplates from '@tabllama/chat/known-templates.json' with { type: 'json' };
import type { Gguf } from '@tabllama/gguf';
import { type Base, emptyConfig, media } from './base.ts';
import { baseOfFiles, isSafetensors } from './files.ts';
import { readInfo } from './info.ts';
import { baseOfModel } from './model.ts';
import { writeModel } from './new-model.ts';
import { remade } from './quantize.ts';
import type { CreateMessage, CreateRequest } from './request.ts';

const encoder = new TextEncoder();

/** Makes a model: lines of progress up to `success`. Throws StatusError; until the last line nothing of the name has changed. */
export async function* createModel(
  store: Store,
  name: ModelName,
  request: CreateRequest,
  signal: AbortSignal,
): AsyncGenerator<object, void, undefined> {
  const base = yield* baseOf(store, request, signal);
  if (base.config.remote_host === undefined) yield* refuseExtras(store, request, signal);
  else if (Object.keys(request.draft_files ?? {}).length > 0) {
    throw new StatusError(400, 'DRAFT cannot be used with remote models');
  }
  readInfo(request.info); // what is wrong with it is said before the work

  let layers: readonly Layer[] = [];
  const said = new Map<Layer, string>();
  const say = (layer: Layer, isNew: boolean) =>
    said.set(layer, `${isNew ? 'creating new' : 'using existing'} layer ${layer.digest}`);
  const headers: Gguf[] = [];
  for (const model of base.models) {
    const anew = await remade(model, request.quantize || request.quantization, signal);
    if ('made' in anew) {
      const { layer, isNew, gguf } = yield* writeModel(store, anew.made, anew.status, signal);
      say(layer, isNew);
      layers = [...layers, layer];
      headers.push(gguf);
    } else {
      if (base.isNew) {
        checkHeader(anew.gguf);
        yield { status: 'verifying conversion' };
      }
      layers = [...layers, ...anew.layers];
      headers.push(anew.gguf);
    }
  }
  const isDescribed = !base.isNew && said.size === 0;
  layers = [...layers, ...base.layers];
  checkTemplate(request.template ?? '');
  const licenses = readLicenses(request.license);

  const add = async (type: string, text: string, { replace = true, status = '' } = {}) => {
    const { digest, size, isNew } = await store.putBlob(encoder.encode(text));
    const layer = { mediaType: media + type, digest, size };
    say(layer, isNew);
    if (status) said.set(layer, status);
    layers = [...layers.filter(old => !replace || old.mediaType !== media + type), layer];
  };
  for (const own of base.isNew
    ? headers.map(({ metadata }) => metadata.get('tokenizer.chat_template'))
    : []) {
    const known = typeof own === 'string' ? detectTemplate(own, knownTemplates) : undefined;
    if (!known) continue;
    await add('template', known.template, { status: `using autodetected template ${known.name}` });
    await add('params', `${toJson({ stop: known.stop })}\n`);
  }
  if (request.template) await add('template', request.template);
  if (request.system) await add('system', request.system);
  for (const license of licenses) await add('license', license, { replace: false });
  const told = { ...base.config, ...(isDescribed ? {} : described(headers)) };
  const own = isDescribed ? undefined : programOf(headers);
  const stop = own?.stop && !(request.renderer && request.parser) ? { stop: own.stop } : {};
  const parameters = { ...(await readParameters(store, layers)), ...stop, ...request.parameters };
  if (Object.keys(parameters).length > 0) await add('params', `${toJson(sorted(parameters))}\n`);
  if (request.messages?.length) await add('messages', `${toJson(request.messages.map(storedMessage))}\n`);

  for (const layer of layers) {
    yield { status: said.get(layer) ?? `using existing layer ${layer.digest}` };
  }
  const config: Partial<ModelConfig> = {
    ...told,
    renderer: request.renderer || told.renderer || own?.name,
    parser: request.parser || told.parser || own?.name,
    requires: request.requires || told.requires,
    ...readInfo(request.info, told),
  };
  const ordered = Object.fromEntries(configKeys.map(key => [key, config[key]]));
  const { digest, size } = await store.putBlob(encoder.encode(`${toJson(ordered)}\n`));
  signal.throwIfAborted();
  yield { status: 'writing manifest' };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: { mediaType: MEDIA_TYPES.config, digest, size },
    layers,
  };
  await store.putManifest(name, manifest);
  yield { status: 'success' };
}

/** Architectures for which Ollama has programs of its own, a renderer and a parser of one name. */
const programs: Readonly<Record<string, { readonly name: string; readonly stop?: readonly string[] }>> = {
  gemma4: { name: 'gemma4', stop: ['<turn|>'] },
  laguna: { name: 'laguna' },
  nemotron_h: { name: 'nemotron-3-nano' },
  nemotron_h_moe: { name: 'nemotron-3-nano' },
  nemotron_h_omni: { name: 'nemotron-3-nano' },
};

function programOf(headers: readonly Gguf[]) {
  const names = headers.map(({ metadata }) => String(metadata.get('general.architecture')));
  const name = names.find(one => Object.hasOwn(programs, one));
  return name === undefined ? undefined : programs[name];
}

/** The fields of a config in Ollama's order, on which its digest depends. */
const configKeys = [
  'model_format',
  'model_family',
  'model_families',
  'model_type',
  'file_type',
  'renderer',
  'parser',
  'requires',
  'remote_host',
  'remote_model',
  'capabilities',
  'context_length',
  'embedding_length',
  'base_name',
  'architecture',
  'os',
] as const;

function baseOf(
  store: Store,
  { from, files, remote_host }: CreateRequest,
  signal: AbortSignal,
): AsyncGenerator<object, Base, undefined> {
  if (from) return baseOfModel(store, from, remote_host, signal);
  if (files) return baseOfFiles(store, files, signal);
  throw new StatusError(400, "neither 'from' or 'files' was specified");
}

/** Adapters and draft models, which are read and found wrong as in Ollama; there is no engine for sound ones. */
async function* refuseExtras(
  store: Store,
  { adapters, draft_files }: CreateRequest,
  signal: AbortSignal,
): AsyncGenerator<object, void> {
  if (draft_files) {
    if (!isSafetensors(draft_files)) yield* readExtra(store, draft_files, signal);
    throw new StatusError(501, 'draft models are not supported');
  }
  if (adapters) {
    const isFolder = isSafetensors(adapters);
    if (!isFolder && Object.keys(adapters).length > 1) {
      throw new StatusError(400, 'only one adapter is currently supported');
    }
    if (!isFolder) yield* readExtra(store, adapters, signal);
    throw new StatusError(501, 'loras are not yet implemented');
  }
}

/** Whatever is wrong with them is the request's fault, as Ollama sees it. */
async function* readExtra(
  store: Store,
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): AsyncGenerator<object, void> {
  try {
    yield* baseOfFiles(store, files, signal);
  } catch (error) {
    throw error instanceof StatusError ? new StatusError(400, error.message, { cause: error }) : error;
  }
}

/** Throws StatusError 500 in Ollama's words, where llama.cpp's own tool has looked, for a file without what every model has. */
function checkHeader({ metadata }: Gguf): void {
  const architecture = metadata.get('general.architecture');
  const needed = ['context_length', 'embedding_length', 'block_count'];
  if (needed.every(key => typeof metadata.get(`${architecture}.${key}`) === 'number')) return;
  const tool = 'llama-quantize without compatibility patches: llama-quantize failed: exit status 1';
  throw new StatusError(500, `failed to validate GGUF with ${tool}`);
}

/** What the headers of a model's weights say of it. */
function described(headers: readonly Gguf[]): Partial<ModelConfig> {
  const all = headers.map(gguf => modelConfig(gguf));
  return all.length === 0
    ? emptyConfig
    : { ...all[0], model_families: all.flatMap(({ model_families }) => model_families ?? []) };
}

/** A message with its keys in the order in which Ollama stores them, on which its digest depends. */
function storedMessage(message: CreateMessage) {
  const { role = '', content = '', thinking, images, tool_calls, tool_name, tool_call_id } = message;
  return { role: role.toLowerCase(), content, thinking, images, tool_calls, tool_name, tool_call_id };
}

async function readParameters(store: Store, layers: readonly Layer[]): Promise<Record<string, unknown>> {
  const layer = layers.find(one => one.mediaType === `${media}params`);
  const source = layer && (await store.blob(layer.digest));
  if (source === undefined) return {};
  return JSON.parse(new TextDecoder().decode(await source.read(0, source.size))) as Record<string, unknown>;
}

function sorted(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One text or several. Throws StatusError 500 in the words of Go for anything else. */
function readLicenses(license: unknown): string[] {
  if (license === undefined || license === null || license === '') return [];
  if (typeof license === 'string') return [license];
  const goType = (value: unknown) =>
    typeof value === 'boolean' ? 'bool' : Array.isArray(value) ? 'array' : typeof value;
  if (!Array.isArray(license)) {
    throw new StatusError(500, `json: cannot unmarshal ${goType(license)} into Go value of type []string`);
  }
  return license.map(one => {
    if (typeof one === 'string') return one;
    throw new StatusError(500, `json: cannot unmarshal ${goType(one)} into Go value of type string`);
  });
}

function checkTemplate(template: string): void {
  try {
    createGoTemplate(template);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new StatusError(400, `template error: ${error.message}`, { cause: error });
  }
}
