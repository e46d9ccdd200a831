/** `POST /api/show`: everything about an installed model that its manifest and its header say. */
import { displayName, type InstalledModel, type Message, StatusError, type Store } from '@tabllama/api';
import { type Gguf, type GgufValue, readGguf, tensorTypes } from '@tabllama/gguf';
import { bool, decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { options } from '../fields.ts';
import { localTime, shortestFloat } from '../go-text.ts';
import { capabilities, details, findModel, templateText } from '../model.ts';
import { modelfile, parameterLines } from '../modelfile.ts';
import type { Remote } from '../remote/remotes.ts';
import { json } from '../responses.ts';

export const show: Endpoint = async ({ request, store, remotes }) => {
  const body = decodeBody(await readBody(request), 'ShowRequest', {
    model: string,
    name: string,
    system: string,
    template: string,
    verbose: bool,
    options,
  });
  const name = body.model || body.name || '';
  if (name.trim() === '') throw new StatusError(400, 'model is required');
  const installed = await findModel(store, name, {
    missing: parsed => `model '${displayName(parsed)}' not found`,
    cloud: 'remote model details are unavailable',
  });
  const shown: InstalledModel = {
    ...installed,
    system: body.system || installed.system,
    parameters: { ...installed.parameters, ...body.options },
  };
  const remote = remotes.find(installed);
  if (remote) {
    const known = await showRemote(remote, shown, body.verbose, request.signal);
    return json({ ...known, model_info: { ...known.model_info, ...copilotName(request, name) } });
  }
  const { gguf } = await store.open(installed);
  const verbose = body.verbose ?? false;
  return json({
    license: installed.licenses.join('\n') || undefined,
    modelfile: modelfile(shown),
    parameters: parameterLines(installed.parameters) || undefined,
    template: templateText(shown, gguf),
    system: shown.system || undefined,
    details: details(shown),
    messages: shown.messages.length > 0 ? shown.messages.map(spoken) : undefined,
    model_info: { ...modelInfo(gguf, verbose), ...copilotName(request, name) },
    projector_info: await projectorInfo(store, installed, verbose),
    tensors: [...gguf.tensors.values()].map(({ name, type, shape }) => ({
      name,
      type: tensorTypes.get(type)?.name ?? String(type),
      shape,
    })),
    capabilities: capabilities(shown, gguf),
    modified_at: localTime(shown.modifiedAt),
    requires: shown.config.requires || undefined,
  });
};

const VERSION_KEY = 'general.quantization_version';

const spoken = ({ role, content }: Message) => ({ role, content });

/** GitHub Copilot Chat shows this key for a name: it gets the one that it asked for. */
function copilotName(request: Request, name: string) {
  const isCopilot = request.headers.get('user-agent')?.startsWith('GitHubCopilotChat/');
  return isCopilot ? { 'general.basename': name } : {};
}

/** The header of the first projector; undefined for a model that has none. */
async function projectorInfo(store: Store, { manifest }: InstalledModel, verbose: boolean) {
  const layer = manifest.layers.find(one => one.mediaType.endsWith('.image.projector'));
  const source = layer && (await store.blob(layer.digest));
  return source && headerInfo(await readGguf(source), verbose);
}

/** What the server of a model tells about it, and over that what was said when the name for it was made. */
async function showRemote(
  remote: Remote,
  model: InstalledModel,
  verbose: boolean | undefined,
  signal: AbortSignal,
): Promise<{ readonly model_info: object; readonly [field: string]: unknown }> {
  const { config, licenses, messages } = model;
  const { model_family: family, base_name, context_length, embedding_length } = config;
  let theirs: object = {};
  try {
    for await (const answer of remote.send('/api/show', { verbose }, signal)) theirs = answer;
  } catch (error) {
    // Ollama asks none: without an answer, what is known here is shown, but for a name of its cloud
    const isCloud = new URL(remote.host).hostname === 'ollama.com';
    if (!(error instanceof StatusError) || isCloud || signal.aborted) throw error;
  }
  const ours = {
    license: licenses.join('\n') || undefined,
    modelfile: modelfile(model),
    parameters: parameterLines(model.parameters) || undefined,
    template: model.template,
    system: model.system,
    messages: messages.length > 0 ? messages : undefined,
    capabilities: config.capabilities,
    ...(family && {
      details: details(model),
      model_info: {
        'general.architecture': family,
        'general.basename': base_name,
        [`${family}.context_length`]: context_length,
        [`${family}.embedding_length`]: embedding_length,
      },
    }),
  };
  return {
    details: details(model),
    model_info: {},
    ...theirs,
    ...Object.fromEntries(Object.entries(ours).filter(([, value]) => value !== undefined)),
    remote_model: remote.model,
    remote_host: remote.host,
    modified_at: localTime(model.modifiedAt),
  };
}

/** The header's keys in order, and how many weights there are. Arrays are shown only when asked for. */
function headerInfo(gguf: Gguf, verbose: boolean): Record<string, unknown> {
  let parameters = 0;
  for (const { shape } of gguf.tensors.values()) parameters += shape.reduce((a, b) => a * b, 1);
  const shown = [...gguf.metadata].map(([key, value]): [string, unknown] => [
    key,
    shownValue(value, verbose),
  ]);
  const all = new Map([...shown, ['general.parameter_count', parameters] as const]);
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Of a model without its name and its template, which are shown elsewhere. Ollama writes an uploaded file anew, with the version of
 * the types of tensors in it: there is but one.
 */
function modelInfo(gguf: Gguf, verbose: boolean): Record<string, unknown> {
  const whole = { ...gguf, metadata: new Map([[VERSION_KEY, 2], ...gguf.metadata]) };
  const { 'general.name': _, 'tokenizer.chat_template': __, ...info } = headerInfo(whole, verbose);
  return info;
}

function shownValue(value: GgufValue, verbose: boolean): unknown {
  if (typeof value === 'number') return shortestFloat(value);
  if (typeof value !== 'object') return value;
  return verbose ? Array.from<GgufValue, unknown>(value, item => shownValue(item, true)) : null;
}
