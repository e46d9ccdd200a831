/** `GET /api/tags`: the installed models, newest first. */
import { displayName, type InstalledModel, type Store } from '@tabllama/api';
import { chooseTemplate, TemplateError } from '@tabllama/chat';
import type { Gguf } from '@tabllama/gguf';
import type { Endpoint } from '../endpoint.ts';
import { localTime } from '../go-text.ts';
import { abilities, architectureNumber, details } from '../model.ts';
import { json } from '../responses.ts';

interface Header {
  readonly contextLength: number | undefined;
  readonly embeddingLength: number | undefined;
  readonly capabilities: readonly string[] | undefined;
}

/** What the headers of a store's models say, by the models' digests: reading one, with its vocabulary, takes long. */
const known = new WeakMap<Store, ReadonlyMap<string, Header>>();

export const tags: Endpoint = async ({ store }) => {
  const before = known.get(store);
  const now = new Map<string, Header>();
  const models: object[] = [];
  // one after another, as each header takes memory
  for (const model of await store.list()) {
    const header = before?.get(model.digest) ?? (await readHeader(store, model));
    if (header) now.set(model.digest, header);
    models.push(entry(model, header));
  }
  known.set(store, now);
  return json({ models });
};

/** One file that cannot be read, or whose template does not parse, must not hide all the others. */
async function readHeader(store: Store, model: InstalledModel): Promise<Header | undefined> {
  const opened = await store.open(model).catch(() => undefined);
  return (
    opened && {
      contextLength: architectureNumber(opened.gguf, 'context_length'),
      embeddingLength: architectureNumber(opened.gguf, 'embedding_length'),
      capabilities: readCapabilities(model, opened.gguf),
    }
  );
}

function entry(model: InstalledModel, header: Header | undefined) {
  const name = displayName(model.name);
  const { config } = model;
  return {
    name,
    model: name,
    remote_model: config.remote_model,
    remote_host: config.remote_host,
    modified_at: localTime(model.modifiedAt),
    size: model.size,
    digest: model.digest,
    details: {
      ...details(model),
      context_length: config.context_length ?? header?.contextLength,
      embedding_length: config.embedding_length ?? header?.embeddingLength,
    },
    capabilities: header?.capabilities ?? config.capabilities,
  };
}

/** What a model can do as Ollama lists it, which reads no template of a file. */
function readCapabilities(model: InstalledModel, gguf: Gguf): string[] | undefined {
  const { template: go, config } = model;
  try {
    const { model_family: family, parser } = config;
    const ofTemplate = go === undefined ? [] : chooseTemplate({ go, family, parser }).capabilities;
    return [...new Set([...abilities(model, gguf), ...(config.capabilities ?? []), ...ofTemplate])];
  } catch (error) {
    if (error instanceof TemplateError) return undefined;
    throw error;
  }
}
