/** `POST /api/create`: a model of uploaded GGUF files, or of another model with some of its layers changed. */
import {
  displayName,
  type Layer,
  type Manifest,
  type ModelConfig,
  type ModelName,
  modelConfig,
  StatusError,
  type Store,
} from '@tabllama/api';
import { createGoTemplate, detectTemplate, type KnownTemplate, TemplateError } from '@tabllama/chat';
import { GgufError, readGguf } from '@tabllama/gguf';
import { any, bool, type Decoded, decodeBody, map, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { messages, options } from '../fields.ts';
import { toJson } from '../go-text.ts';
import { jinjaTemplate, nameToWrite, readName } from '../model.ts';
import { progress } from '../responses.ts';

const files = map(string);
const fields = {
  model: string,
  name: string,
  from: string,
  files,
  adapters: files,
  draft_files: files,
  draft_quantize: string,
  quantize: string,
  quantization: string,
  template: string,
  system: string,
  license: any,
  parameters: options,
  messages,
  renderer: string,
  parser: string,
  requires: string,
  info: options,
  remote_host: string,
  stream: bool,
};
type CreateFields = Decoded<typeof fields>;

const media = 'application/vnd.ollama.image.';
const encoder = new TextEncoder();

export const create: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'CreateRequest', fields);
  for (const path of Object.keys({ ...body.files, ...body.draft_files })) {
    if (path.split('/').some(part => part === '' || part === '.' || part === '..')) {
      throw new StatusError(400, 'file path must be relative');
    }
  }
  for (const digest of Object.values({ ...body.files, ...body.adapters, ...body.draft_files })) {
    if (digest === '') throw new StatusError(400, 'invalid digest format');
  }
  if (body.draft_quantize && !body.draft_files) {
    throw new StatusError(400, '--draft-quantize requires a DRAFT model');
  }
  const name = await nameToWrite(store, readName(body.model || body.name || ''));
  return progress(request, body.stream ?? true, signal => statuses(store, name, body, signal));
};

interface Base {
  readonly layers: readonly Layer[];
  readonly config: Partial<ModelConfig>;
  /** What Ollama puts in the place of the file's own template. */
  readonly known?: KnownTemplate;
}

async function* statuses(
  store: Store,
  name: ModelName,
  body: CreateFields,
  signal: AbortSignal,
): AsyncGenerator<object, void, undefined> {
  refuseWhatIsNotThere(body);
  const base = yield* body.from ? fromModel(store, body.from, signal) : fromFiles(store, body.files);
  const licenses = readLicenses(body.license);
  const info = readInfo(body.info);
  checkTemplate(body.template ?? '');

  let layers = base.layers;
  const said = new Map<Layer, string>();
  const add = async (type: string, text: string, { replace = true, status = '' } = {}) => {
    const { layer, isNew } = await putText(store, media + type, text);
    said.set(layer, status || `${isNew ? 'creating new' : 'using existing'} layer ${layer.digest}`);
    layers = [...layers.filter(old => !replace || old.mediaType !== media + type), layer];
  };
  if (base.known) {
    const { name, template, stop } = base.known;
    await add('template', template, { status: `using autodetected template ${name}` });
    await add('params', `${toJson({ stop })}\n`);
  }
  if (body.template) await add('template', body.template);
  if (body.system) await add('system', body.system);
  for (const license of licenses) await add('license', license, { replace: false });
  const parameters = { ...(await readParameters(store, layers)), ...body.parameters };
  if (Object.keys(parameters).length > 0) await add('params', `${toJson(sorted(parameters))}\n`);
  if (body.messages?.length) await add('messages', `${toJson(body.messages.map(storedMessage))}\n`);

  for (const layer of layers) {
    yield { status: said.get(layer) ?? `using existing layer ${layer.digest}` };
  }
  const config = {
    ...base.config,
    renderer: body.renderer || base.config.renderer,
    parser: body.parser || base.config.parser,
    requires: body.requires || base.config.requires,
    ...info,
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.digest) },
  };
  const configType = 'application/vnd.docker.container.image.v1+json';
  const { layer } = await putText(store, configType, `${toJson(config)}\n`);
  signal.throwIfAborted();
  yield { status: 'writing manifest' };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: layer,
    layers,
  };
  await store.putManifest(name, manifest);
  yield { status: 'success' };
}

/** A message with its keys in the order in which Ollama stores them, on which its digest depends. */
function storedMessage(message: NonNullable<CreateFields['messages']>[number]) {
  const { role = '', content = '', thinking, images, tool_calls, tool_name, tool_call_id } = message;
  return { role: role.toLowerCase(), content, thinking, images, tool_calls, tool_name, tool_call_id };
}

function refuseWhatIsNotThere(body: CreateFields): void {
  const refused = {
    quantize: body.quantize || body.quantization,
    adapters: body.adapters,
    draft_files: body.draft_files,
    remote_host: body.remote_host,
  };
  for (const [field, value] of Object.entries(refused)) {
    if (value) throw new StatusError(501, `${field} is not supported yet: a later version brings it`);
  }
}

/** The layers and the config of an installed model; it is pulled where it is not installed. */
async function* fromModel(
  store: Store,
  from: string,
  signal: AbortSignal,
): AsyncGenerator<object, Base, undefined> {
  const name = readName(from);
  let model = await store.find(name);
  if (model === undefined) {
    for await (const line of store.pull(name, {}, signal)) if (line.status !== 'success') yield line;
    model = await store.find(name);
  }
  if (model === undefined) throw new StatusError(404, `model '${from}' not found`);
  const parent = displayName(model.name);
  return { layers: model.manifest.layers.map(layer => ({ ...layer, from: parent })), config: model.config };
}

/** One layer for every GGUF that was uploaded. */
async function* fromFiles(
  store: Store,
  paths: Readonly<Record<string, string>> | undefined,
): AsyncGenerator<object, Base, undefined> {
  if (paths === undefined) throw new StatusError(400, "neither 'from' or 'files' was specified");
  if (Object.keys(paths).some(path => path.endsWith('.safetensors'))) {
    throw new StatusError(501, 'safetensors are not supported yet: a later version converts them');
  }
  const layers: Layer[] = [];
  let config: ModelConfig | undefined;
  let known: KnownTemplate | undefined;
  for (const [path, digest] of Object.entries(paths)) {
    const read = yield* readFile(store, path, digest);
    if (read === undefined) continue;
    layers.push(read.layer);
    if (read.layer.mediaType !== `${media}model`) continue;
    config = modelConfig(read.gguf, []);
    known = detectTemplate(jinjaTemplate(read.gguf) ?? '');
  }
  if (config === undefined) throw new StatusError(400, 'unknown type');
  yield { status: 'verifying conversion' };
  return { layers, config, known };
}

async function* readFile(store: Store, path: string, given: string) {
  const digest = given.toLowerCase().replace('sha256-', 'sha256:');
  const source = await store.blob(digest);
  if (source === undefined) {
    throw new StatusError(500, `open blobs/${digest.replace(':', '-')}: no such file or directory`);
  }
  const magic = source.size < 4 ? '' : new TextDecoder('latin1').decode(await source.read(0, 4));
  if (magic !== 'GGUF' && !path.endsWith('.gguf')) return undefined;
  if (magic !== 'GGUF') throw new StatusError(400, 'supplied file was not in GGUF format');
  yield { status: 'parsing GGUF' };
  try {
    const gguf = await readGguf(source);
    return { gguf, layer: { mediaType: media + kindOf(gguf), digest, size: source.size } };
  } catch (error) {
    if (error instanceof GgufError) throw new StatusError(500, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function kindOf({ metadata }: Awaited<ReturnType<typeof readGguf>>): 'model' | 'projector' | 'adapter' {
  const type = metadata.get('general.type');
  if (metadata.get('general.architecture') === 'clip' || type === 'mmproj') return 'projector';
  return type === 'adapter' ? 'adapter' : 'model';
}

/** A text as a layer; `isNew` tells whether its blob was there before. */
async function putText(store: Store, mediaType: string, text: string) {
  const bytes = encoder.encode(text);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const digest = `sha256:${[...hash].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
  const isNew = !(await store.hasBlob(digest));
  if (isNew) await store.putBlob(bytes);
  return { isNew, layer: { mediaType, digest, size: bytes.length } };
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

function readLicenses(license: unknown): string[] {
  if (license === undefined || license === null) return [];
  const all = Array.isArray(license) ? license : [license];
  if (!all.every(one => typeof one === 'string')) {
    throw new StatusError(500, 'license must be a string or an array of strings');
  }
  return all.filter(one => one !== '');
}

function checkTemplate(template: string): void {
  try {
    createGoTemplate(template);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new StatusError(400, `template error: ${error.message}`, { cause: error });
  }
}

const infoStrings = {
  model_family: 'model_family',
  base_name: 'base_name',
  quantization_level: 'file_type',
  parameter_size: 'model_type',
} as const;
const infoNumbers = ['context_length', 'embedding_length'] as const;

/** What `info` overrides in the config. */
function readInfo(info: Readonly<Record<string, unknown>> = {}): Partial<ModelConfig> {
  const config: Record<string, unknown> = {};
  const { capabilities } = info;
  if (Array.isArray(capabilities) && capabilities.every(one => typeof one === 'string')) {
    config.capabilities = capabilities;
  }
  for (const [field, key] of Object.entries(infoStrings)) {
    const value = info[field] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'string') throw new StatusError(400, `info field "${field}" must be a string`);
    config[key] = value;
    if (field === 'model_family') config.model_families = [value];
  }
  for (const field of infoNumbers) {
    const value = info[field] ?? undefined;
    if (value === undefined) continue;
    if (typeof value !== 'number') throw new StatusError(400, `info field "${field}" must be a number`);
    if (!Number.isInteger(value) || value < 0) {
      throw new StatusError(400, `info field "${field}" must be a non-negative integer`);
    }
    config[field] = value;
  }
  return config;
}
