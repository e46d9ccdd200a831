/** Uploaded GGUF files as the layers of a model. Source: `server/create.go` in ollama/ollama. */
import { type Layer, StatusError, type Store } from '@tabllama/api';
import { quote } from '@tabllama/chat';
import {
  type ByteSource,
  type Gguf,
  GgufError,
  joinParts,
  readGguf,
  splitName,
  splitOf,
} from '@tabllama/gguf';
import { type Base, media, type StoredModel } from './base.ts';
import { findBlob, isGguf } from './blobs.ts';
import type { Paths } from './request.ts';

/** One layer for every GGUF of the request, in the order of their paths; parts of a split model count as one model. */
export async function* baseOfGguf(
  store: Store,
  paths: Paths,
): AsyncGenerator<object, Pick<Base, 'models' | 'layers'>, undefined> {
  const files: GgufFile[] = [];
  for (const path of Object.keys(paths).sort()) {
    yield { status: 'parsing GGUF' };
    files.push(await readFile(store, path, paths[path]));
  }
  const isModel = ({ layer }: GgufFile) => layer.mediaType === `${media}model`;
  const layers = files.filter(file => !isModel(file)).map(({ layer }) => layer);
  return { models: joinSplits(files.filter(isModel)), layers };
}

interface GgufFile {
  readonly path: string;
  readonly gguf: Gguf;
  readonly layer: Layer;
  readonly source: ByteSource;
}

async function readFile(store: Store, path: string, given: string): Promise<GgufFile> {
  const { digest, source } = await findBlob(store, given);
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

/** Whole models. Throws StatusError 500 in Ollama's words where parts of a split one do not fit together. */
function joinSplits(files: readonly GgufFile[]): StoredModel[] {
  const groups = new Map<string, GgufFile[]>();
  const whole: StoredModel[] = [];
  for (const file of files) {
    const group = splitGroup(file);
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), file]);
    else whole.push({ gguf: file.gguf, weights: file.source, layers: [file.layer] });
  }
  for (const parts of groups.values()) {
    const count = splitOf(parts[0].gguf)?.count;
    if (parts.length !== count) {
      const shards = `split GGUF ${quote(parts[0].path)} has ${parts.length} shards`;
      throw new StatusError(500, `${shards}, expected ${count}`);
    }
    try {
      const joined = joinParts(parts.map(({ gguf, source }) => ({ gguf, weights: source })));
      whole.push({ ...joined, layers: parts.map(({ layer }) => layer) });
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
  const { stem, number = 0, count = 0 } = splitName(path.split('/').at(-1) ?? '') ?? {};
  if (number === 0 || count === 0) throw refuse('must use llama.cpp split filename pattern');
  if (count !== split.count) {
    throw refuse(`filename count ${count} does not match metadata count ${split.count}`);
  }
  if (split.index === undefined) throw refuse('is missing split.no metadata');
  if (split.index !== number - 1) {
    throw refuse(`filename index ${number - 1} does not match metadata index ${split.index}`);
  }
  return `${stem}:${count}`;
}
