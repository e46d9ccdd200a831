/** `POST /api/create`: a model of uploaded GGUF files, or of another model with some of its layers changed. */
import {
  type Layer,
  type Manifest,
  type ModelName,
  parseModelName,
  StatusError,
  type Store,
} from '@tabllama/api';
import { createGoTemplate, detectTemplate, TemplateError } from '@tabllama/chat';
import { type Base, media } from '../create/base.ts';
import { baseOfFiles, checkPaths } from '../create/files.ts';
import { readInfo } from '../create/info.ts';
import { baseOfModel } from '../create/model.ts';
import { checkQuantize } from '../create/quantize.ts';
import { any, bool, type Decoded, decodeBody, map, string } from '../decode.ts';
import { type Context, type Endpoint, readBody } from '../endpoint.ts';
import { messages, options } from '../fields.ts';
import { toJson } from '../go-text.ts';
import { jinjaTemplate, nameToWrite } from '../model.ts';
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

const encoder = new TextEncoder();

export const create: Endpoint = async context => {
  const { request, store } = context;
  const body = decodeBody(await readBody(request), 'CreateRequest', fields);
  checkPaths(body.files);
  checkPaths(body.draft_files);
  if (body.draft_quantize && Object.keys(body.draft_files ?? {}).length === 0) {
    throw new StatusError(400, '--draft-quantize requires a DRAFT model');
  }
  if (Object.values(body.adapters ?? {}).includes('')) throw new StatusError(400, 'invalid digest format');
  const name = parseModelName(body.model || body.name || '');
  if (name === undefined) throw new StatusError(400, 'invalid model name');
  const target = await nameToWrite(store, name);
  return progress(request, body.stream ?? true, signal => statuses(context, target, body, signal));
};

async function* statuses(
  { store, knownTemplates }: Context,
  name: ModelName,
  body: CreateFields,
  signal: AbortSignal,
): AsyncGenerator<object, void, undefined> {
  const base = yield* baseOf(store, body, signal);
  if (base.config.remote_host === undefined) yield* refuseExtras(store, body);
  else if (Object.keys(body.draft_files ?? {}).length > 0) {
    throw new StatusError(400, 'DRAFT cannot be used with remote models');
  }
  const info = readInfo(body.info, base.config);
  checkQuantize(body.quantize || body.quantization, base.weights);
  if (base.isNew) for (const _ of base.weights) yield { status: 'verifying conversion' };
  checkTemplate(body.template ?? '');
  const licenses = readLicenses(body.license);

  let layers = base.layers;
  const said = new Map<Layer, string>();
  const add = async (type: string, text: string, { replace = true, status = '' } = {}) => {
    const { layer, isNew } = await putText(store, media + type, text);
    said.set(layer, status || `${isNew ? 'creating new' : 'using existing'} layer ${layer.digest}`);
    layers = [...layers.filter(old => !replace || old.mediaType !== media + type), layer];
  };
  const ownTemplates = base.isNew ? base.weights.flatMap(gguf => jinjaTemplate(gguf) ?? []) : [];
  const known = ownTemplates.length > 0 ? await knownTemplates() : [];
  for (const { name, template, stop } of ownTemplates.flatMap(own => detectTemplate(own, known) ?? [])) {
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

function baseOf(
  store: Store,
  { from, files, remote_host }: CreateFields,
  signal: AbortSignal,
): AsyncGenerator<object, Base, undefined> {
  if (from) return baseOfModel(store, from, remote_host, signal);
  if (files) return baseOfFiles(store, files);
  throw new StatusError(400, "neither 'from' or 'files' was specified");
}

/** Adapters and draft models, which are read and found wrong as in Ollama; there is no engine for sound ones. */
async function* refuseExtras(
  store: Store,
  { adapters, draft_files }: CreateFields,
): AsyncGenerator<object, void> {
  if (draft_files) {
    yield* baseOfFiles(store, draft_files);
    throw new StatusError(501, 'draft models are not supported');
  }
  if (adapters) {
    if (Object.keys(adapters).length > 1) {
      throw new StatusError(400, 'only one adapter is currently supported');
    }
    yield* baseOfFiles(store, adapters);
    throw new StatusError(501, 'loras are not yet implemented');
  }
}

/** A message with its keys in the order in which Ollama stores them, on which its digest depends. */
function storedMessage(message: NonNullable<CreateFields['messages']>[number]) {
  const { role = '', content = '', thinking, images, tool_calls, tool_name, tool_call_id } = message;
  return { role: role.toLowerCase(), content, thinking, images, tool_calls, tool_name, tool_call_id };
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
