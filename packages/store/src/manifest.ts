/** The text of a manifest and of the small layers that it names, checked: all of it may come from a stranger. */
import {
  type Layer,
  type Manifest,
  MEDIA_TYPES,
  type Message,
  type ModelConfig,
  readDigest,
  StatusError,
} from '@tabllama/api';

/** The config and the layers that are read whole, all together: there may be pictures in the messages. */
const MAX_TEXT_BYTES = 64 << 20;
const TEXTS = ['prompt', 'template', 'system', 'params', 'messages', 'license'];

/** The text under which a manifest of ours is stored; no layers are null, on which the digest depends. */
export function textOf({ layers, ...manifest }: Manifest): string {
  return `${JSON.stringify({ ...manifest, layers: layers.length > 0 ? layers : null })}\n`;
}

export const blobsOf = ({ config, layers }: Manifest) => [config, ...layers];
export const sizeOf = (layers: readonly Layer[]) => layers.reduce((sum, { size }) => sum + size, 0);

/** The layers of a kind, such as `template`. */
export const layersOf = ({ layers }: Manifest, type: string) =>
  layers.filter(({ mediaType }) => mediaType === MEDIA_TYPES.layer + type);

/** A manifest from its text, checked. Throws StatusError 500 for what is none. */
export function parseManifest(text: string): Manifest {
  let json: { mediaType?: unknown; config?: unknown; layers?: unknown } | null;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new StatusError(500, error instanceof Error ? error.message : String(error), { cause: error });
  }
  const layers = json?.layers ?? [];
  if (!Array.isArray(layers)) throw new StatusError(500, 'the layers of a manifest are no list');
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.manifest,
    config: readLayer(json?.config),
    layers: layers.map(readLayer),
  };
  const bytes = sizeOf([manifest.config, ...TEXTS.flatMap(type => layersOf(manifest, type))]);
  if (bytes > MAX_TEXT_BYTES)
    throw new StatusError(500, `a config, template and other texts of ${bytes} bytes`);
  return manifest;
}

function readLayer(value: unknown): Layer {
  const { mediaType, digest, size, from } = (value ?? {}) as Record<string, unknown>;
  const isSize = Number.isSafeInteger(size) && Number(size) >= 0;
  if (typeof mediaType !== 'string' || typeof digest !== 'string' || !isSize) {
    throw new StatusError(500, 'a layer of a manifest lacks its mediaType, digest or size');
  }
  return {
    mediaType,
    digest: parseDigest(digest),
    size: size as number,
    ...(typeof from === 'string' && { from }),
  };
}

/** A digest with a colon. Throws StatusError 400 for what is none. */
export function parseDigest(text: string): string {
  const digest = readDigest(text);
  if (digest === undefined) throw new StatusError(400, 'invalid digest format');
  return digest;
}

/** What Ollama writes in every config. */
const EMPTY = { model_format: '', model_family: '', model_families: null, model_type: '', file_type: '' };
/** An example of everything that is read in a config. */
const CONFIG = {
  ...EMPTY,
  model_families: [],
  capabilities: [],
  renderer: '',
  parser: '',
  requires: '',
  base_name: '',
  remote_host: '',
  remote_model: '',
  context_length: 0,
  embedding_length: 0,
};

/** A config as Go reads it: what is not said, or null, is empty. Throws StatusError 500. */
export function parseConfig(text: string): ModelConfig {
  const config = parse(text, 'config', isObject, (_, value) => value ?? undefined);
  for (const [key, example] of Object.entries(CONFIG)) {
    const value = config[key] ?? example;
    const fits = Array.isArray(example) ? isTexts(value) : typeof value === typeof example;
    if (!fits) throw unsound('config');
  }
  return { ...EMPTY, ...config };
}

/** Throws StatusError 500 for what is no JSON object. */
export const parseParameters = (text: string) => parse(text, 'params', isObject);

/** Throws StatusError 500 for what is no list of messages. */
export const parseMessages = (text: string): readonly Message[] => parse(text, 'messages', isMessages);

function parse<T>(
  text: string,
  what: string,
  is: (value: unknown) => value is T,
  reviver?: Parameters<typeof JSON.parse>[1],
): T {
  try {
    const value: unknown = JSON.parse(text, reviver);
    if (is(value)) return value;
  } catch {
    // told below
  }
  throw unsound(what);
}

const unsound = (what: string) => new StatusError(500, `the ${what} of the model cannot be read`);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts = (value: unknown) => Array.isArray(value) && value.every(one => typeof one === 'string');
const isMessages = (value: unknown): value is Message[] =>
  Array.isArray(value) &&
  value.every(one => isObject(one) && isTexts([one.role, one.content]) && isTexts(one.images ?? []));
