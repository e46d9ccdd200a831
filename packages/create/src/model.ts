/** The layers and the config of an installed model, or of one that runs elsewhere: `from` of create. */
import {
  displayName,
  type Layer,
  modelSource,
  parseModelName,
  remoteUrl,
  StatusError,
  type Store,
} from '@tabllama/api';
import { type Base, emptyConfig, media } from './base.ts';

/** Where Ollama's cloud is. */
const cloudHost = 'https://ollama.com:443';

/**
 * A model that is not installed is pulled. With a `remoteHost`, or a name of Ollama's cloud, nothing is: what is made is a name for a
 * model that runs there.
 */
export async function* baseOfModel(
  store: Store,
  from: string,
  remoteHost: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<object, Base, undefined> {
  const { name, base, source } = readFrom(from);
  const host = remoteHost || (source === 'cloud' ? cloudHost : '');
  if (host) return stubOf(base, remoteUrl(host));

  let model = await store.find(name);
  if (model === undefined) {
    for await (const line of store.pull(name, {}, signal)) if (line.status !== 'success') yield line;
    model = await store.find(name);
  }
  if (model === undefined) throw new StatusError(404, `model '${from}' not found`);
  const parent = displayName(model.name);
  const all = model.manifest.layers.map(layer => ({ ...layer, from: parent }));
  const isModel = ({ mediaType }: Layer) => mediaType === `${media}model`;
  const models = model.model ? [{ ...(await store.open(model)), layers: all.filter(isModel) }] : [];
  return { models, layers: all.filter(layer => !isModel(layer)), config: model.config, isNew: false };
}

/** Throws StatusError 400 for a name that is none, in the same words whatever is wrong with it. */
function readFrom(from: string) {
  try {
    const marked = modelSource(from);
    const name = parseModelName(marked.base);
    if (name) return { ...marked, name };
  } catch {
    // two marks of where it runs
  }
  throw new StatusError(400, 'invalid model name');
}

function stubOf(remote_model: string, remote_host: string): Base {
  return { models: [], layers: [], config: { ...emptyConfig, remote_host, remote_model }, isNew: false };
}
