/** `GET /api/tags`: the installed models, newest first. */
import { displayName, type InstalledModel, type Store } from '@tabllama/api';
import { chooseTemplate, TemplateError } from '@tabllama/chat';
import type { Gguf } from '@tabllama/gguf';
import type { Endpoint } from '../endpoint.ts';
import { localTime } from '../go-text.ts';
import { abilities, architectureNumber, details } from '../model.ts';
import { json } from '../responses.ts';

export const tags: Endpoint = async ({ store }) => {
  const models = await store.list();
  return json({ models: await Promise.all(models.map(model => entry(store, model))) });
};

async function entry(store: Store, model: InstalledModel) {
  const name = displayName(model.name);
  // One file that cannot be read, or whose template does not parse, must not hide all the others.
  const gguf = await store.open(model).then(
    opened => opened.gguf,
    () => undefined,
  );
  return {
    name,
    model: name,
    remote_model: model.config.remote_model,
    remote_host: model.config.remote_host,
    modified_at: localTime(model.modifiedAt),
    size: model.size,
    digest: model.digest,
    details: {
      ...details(model),
      context_length: model.config.context_length ?? (gguf && architectureNumber(gguf, 'context_length')),
      embedding_length:
        model.config.embedding_length ?? (gguf && architectureNumber(gguf, 'embedding_length')),
    },
    capabilities: (gguf && readCapabilities(model, gguf)) ?? model.config.capabilities,
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
