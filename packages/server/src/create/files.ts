/** Uploaded files as the layers of a model: `files` of create. Sources: `server/create.go` in ollama/ollama. */
import { type Layer, modelConfig, StatusError, type Store } from '@tabllama/api';
import { type Gguf, GgufError, joinParts, readGguf, splitOf } from '@tabllama/gguf';
import { quote } from '../go-text.ts';
import { type Base, emptyConfig, media } from './base.ts';

type Paths = Readonly<Record<string, string>>;

/** Paths are relative, and every file has a digest. Throws StatusError 400. */
export function checkPaths(paths: Paths = {}): void {
  for (const [path, digest] of Object.entries(paths)) {
    const parts = path.split('/');
    const outside = path !== '.' && parts.some(part => part === '' || part === '.' || part === '..');
    if (outside) throw new StatusError(400, 'file path must be relative');
    if (digest === '') throw new StatusError(400, 'invalid digest format');
  }
}

/** One layer for every GGUF of the request, in the order of their paths; parts of a split model count as one model. */
export async function* baseOfFiles(store: Store, paths: Paths): AsyncGenerator<object, Base, undefined> {
  await checkKind(store, paths);
  const files: GgufFile[] = [];
  for (const path of Object.keys(paths).sort()) {
    yield { status: 'parsing GGUF' };
    files.push(await readFile(store, path, paths[path]));
  }
  const models = files.filter(({ layer }) => layer.mediaType === `${media}model`);
  const weights = joinSplits(models);
  const described = weights.map(gguf => modelConfig(gguf, []));
  const config = {
    ...(described[0] ?? emptyConfig),
    model_families: weights.length > 0 ? described.flatMap(one => one.model_families ?? []) : null,
  };
  return { layers: files.map(({ layer }) => layer), config, weights, isNew: true };
}

interface GgufFile {
  readonly path: string;
  readonly gguf: Gguf;
  readonly layer: Layer;
  readonly source: NonNullable<Awaited<ReturnType<Store['blob']>>>;
}

/** Refuses what is no set of GGUF files: told by a name's ending, else by a file's first bytes. */
async function checkKind(store: Store, paths: Paths): Promise<void> {
  const names = Object.keys(paths);
  if (names.some(path => path.endsWith('.safetensors'))) {
    throw new StatusError(501, 'converting safetensors is not supported: use a GGUF of the model');
  }
  if (names.some(path => path.endsWith('.gguf'))) return;
  for (const digest of Object.values(paths)) {
    const source = isDigest(digest) ? await store.blob(digest) : undefined;
    if (source && (await isGguf(source))) return;
  }
  throw new StatusError(400, 'unknown type');
}

const isDigest = (text: string) => /^sha256[:-][0-9a-f]{64}$/i.test(text);

async function isGguf(source: GgufFile['source']): Promise<boolean> {
  return source.size >= 4 && new TextDecoder('latin1').decode(await source.read(0, 4)) === 'GGUF';
}

async function readFile(store: Store, path: string, given: string): Promise<GgufFile> {
  if (!isDigest(given)) throw new StatusError(500, 'invalid digest format');
  const digest = given.toLowerCase().replace('sha256-', 'sha256:');
  const source = await store.blob(digest);
  if (source === undefined) {
    throw new StatusError(500, `open blobs/${digest.replace(':', '-')}: no such file or directory`);
  }
  if (!(await isGguf(source))) throw new StatusError(400, 'supplied file was not in GGUF format');
  try {
    const gguf = await readGguf(source);
    return { path, gguf, source, layer: { mediaType: media + kindOf(gguf), digest, size: source.size } };
  } catch (error) {
    if (error instanceof GgufError) throw new StatusError(500, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

function kindOf({ metadata }: Gguf): 'model' | 'projector' | 'adapter' {
  const architecture = metadata.get('general.architecture');
  const own = (key: string) => metadata.get(`${architecture}.${key}`);
  const type = metadata.get('general.type');
  if (type === 'adapter') return 'adapter';
  if (type === 'projector' || type === 'mmproj') return 'projector';
  if (own('block_count')) return 'model';
  const encodes = own('has_vision_encoder') === true || own('has_audio_encoder') === true;
  return own('vision.block_count') || (architecture === 'clip' && encodes) ? 'projector' : 'model';
}

const splitName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The headers of whole models. Throws StatusError 500 in Ollama's words where parts of a split one do not fit together. */
function joinSplits(files: readonly GgufFile[]): Gguf[] {
  const groups = new Map<string, GgufFile[]>();
  const whole: Gguf[] = [];
  for (const file of files) {
    const group = splitGroup(file);
    if (group === undefined) whole.push(file.gguf);
    else groups.set(group, [...(groups.get(group) ?? []), file]);
  }
  for (const parts of groups.values()) {
    const count = splitOf(parts[0].gguf)?.count;
    if (parts.length !== count) {
      const shards = `split GGUF ${quote(parts[0].path)} has ${parts.length} shards`;
      throw new StatusError(500, `${shards}, expected ${count}`);
    }
    try {
      whole.push(joinParts(parts.map(({ gguf, source }) => ({ gguf, weights: source }))).gguf);
    } catch (error) {
      if (error instanceof GgufError) throw new StatusError(500, error.message, { cause: error });
      throw error;
    }
  }
  return whole;
}

/** What a part has in common with the other parts of its model; undefined for a whole model. */
function splitGroup({ path, gguf }: GgufFile): string | undefined {
  const split = splitOf(gguf);
  if (!split) return undefined;
  const refuse = (what: string) => new StatusError(500, `split GGUF ${quote(path)} ${what}`);
  const [, prefix, number, count] = splitName.exec(path.split('/').at(-1) ?? '') ?? [];
  if (prefix === undefined || Number(number) === 0 || Number(count) === 0) {
    throw refuse('must use llama.cpp split filename pattern');
  }
  if (Number(count) !== split.count) {
    throw refuse(`filename count ${Number(count)} does not match metadata count ${split.count}`);
  }
  if (split.index === undefined) throw refuse('is missing split.no metadata');
  if (split.index !== Number(number) - 1) {
    throw refuse(`filename index ${Number(number) - 1} does not match metadata index ${split.index}`);
  }
  return `${prefix}:${count}`;
}
