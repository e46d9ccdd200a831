/** A store in memory: everything of the interface but the network, which is given to it as a table of names. */
import { createHash } from 'node:crypto';
import {
  displayName,
  fullName,
  type InstalledModel,
  type Layer,
  type Manifest,
  type Message,
  type ModelConfig,
  type ModelName,
  modelConfig,
  readDigest,
  StatusError,
  type Store,
  sameName,
} from '@tabllama/api';
import { readGguf, sourceFromBytes } from '@tabllama/gguf';

const media = 'application/vnd.ollama.image.';
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface MemoryStore extends Store {
  /** Installs a GGUF under a name, with further layers. */
  install(name: ModelName, gguf: Uint8Array, texts?: Readonly<Record<string, string>>): Promise<string>;
  readonly blobs: Map<string, Uint8Array>;
}

/** `remote` is what can be pulled: files by the name that they are shown under. */
export function createMemoryStore(remote: Readonly<Record<string, Uint8Array>> = {}): MemoryStore {
  const blobs = new Map<string, Uint8Array>();
  const manifests = new Map<string, { name: ModelName; manifest: Manifest; modifiedAt: Date }>();
  const allowed = new Set<string>();
  let clock = Date.now();

  const text = (digest: string) => new TextDecoder().decode(blobs.get(digest));
  const put = (bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    const isNew = !blobs.has(digest);
    blobs.set(digest, bytes);
    return { digest, size: bytes.length, isNew };
  };
  const putManifest = async (name: ModelName, manifest: Manifest) => {
    clock += 1000;
    manifests.set(fullName(name).toLowerCase(), { name, manifest, modifiedAt: new Date(clock) });
  };
  const read = ({
    name,
    manifest,
    modifiedAt,
  }: typeof manifests extends Map<string, infer V> ? V : never) => {
    const layer = (type: string) => manifest.layers.find(one => one.mediaType === media + type);
    const textOf = (type: string) => {
      const found = layer(type);
      return found && text(found.digest);
    };
    const model: InstalledModel = {
      name,
      manifest,
      digest: digestOf(new TextEncoder().encode(JSON.stringify(manifest))).slice(7),
      size: manifest.layers.reduce((sum, one) => sum + one.size, manifest.config.size),
      modifiedAt,
      config: JSON.parse(text(manifest.config.digest)) as ModelConfig,
      template: textOf('template'),
      system: textOf('system'),
      parameters: JSON.parse(textOf('params') ?? '{}') as Record<string, unknown>,
      messages: JSON.parse(textOf('messages') ?? '[]') as Message[],
      licenses: manifest.layers
        .filter(one => one.mediaType === `${media}license`)
        .map(one => text(one.digest)),
      model: layer('model'),
    };
    return model;
  };
  const install: MemoryStore['install'] = async (name, bytes, texts = {}) => {
    const layerOf = (mediaType: string, content: Uint8Array): Layer => {
      const { digest, size } = put(content);
      return { mediaType, digest, size };
    };
    const layers = [layerOf(`${media}model`, bytes)];
    for (const [type, value] of Object.entries(texts)) {
      layers.push(layerOf(media + type, new TextEncoder().encode(value)));
    }
    const config = modelConfig(await readGguf(sourceFromBytes(bytes)));
    await putManifest(name, {
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: layerOf(
        'application/vnd.docker.container.image.v1+json',
        new TextEncoder().encode(JSON.stringify(config)),
      ),
      layers,
    });
    return layers[0].digest;
  };

  return {
    blobs,
    install,
    putManifest,
    async list() {
      return [...manifests.values()]
        .map(read)
        .sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime());
    },
    async find(name) {
      const found = [...manifests.values()].find(one => sameName(one.name, name));
      return found && read(found);
    },
    async open(model) {
      const bytes = model.model && blobs.get(model.model.digest);
      if (bytes === undefined) throw new Error('no weights');
      const weights = sourceFromBytes(bytes);
      return { gguf: await readGguf(weights), weights };
    },
    isAllowed: async origin => allowed.has(origin),
    allow: async origin => void allowed.add(origin),
    async hasBlob(digest) {
      const known = readDigest(digest);
      if (known === undefined) throw new StatusError(400, 'invalid digest format');
      return blobs.has(known);
    },
    async blob(digest) {
      const bytes = blobs.get(digest);
      return bytes && sourceFromBytes(bytes);
    },
    async putBlob(body) {
      return put(new Uint8Array(await new Response(body as BodyInit).arrayBuffer()));
    },
    async copy(source, target) {
      const found = manifests.get(fullName(source).toLowerCase());
      if (found === undefined) throw new StatusError(404, 'no such model');
      await putManifest(target, found.manifest);
    },
    async delete(name) {
      const isThere = manifests.delete(fullName(name).toLowerCase());
      const used = [...manifests.values()].flatMap(({ manifest }) => [manifest.config, ...manifest.layers]);
      for (const digest of blobs.keys()) {
        if (!used.some(layer => layer.digest === digest)) blobs.delete(digest);
      }
      return isThere;
    },
    async *pull(source, _, signal) {
      yield { status: 'pulling manifest' };
      const bytes = remote[source instanceof URL ? source.href : displayName(source)];
      if (bytes === undefined) throw new StatusError(500, 'pull model manifest: file does not exist');
      const digest = digestOf(bytes);
      const status = `pulling ${digest.slice(7, 19)}`;
      for (let completed = 0; !blobs.has(digest) && completed < bytes.length; completed += 180_000) {
        await new Promise(resolve => setTimeout(resolve, 1));
        signal?.throwIfAborted();
        yield { status, digest, total: bytes.length, completed: completed || undefined };
      }
      yield { status, digest, total: bytes.length, completed: bytes.length };
      yield { status: 'verifying sha256 digest' };
      yield { status: 'writing manifest' };
      const name =
        source instanceof URL
          ? { host: 'registry.ollama.ai', namespace: 'library', model: 'from-url', tag: 'latest' }
          : source;
      await install(name, bytes);
      yield { status: 'success' };
    },
    async *push() {
      yield { status: 'retrieving manifest' };
      throw new StatusError(500, 'there is no registry in memory');
    },
  };
}
