/** `POST /api/show`: everything about an installed model that its manifest and its header say. */
import { displayName, type InstalledModel, StatusError } from '@tabllama/api';
import { type Gguf, type GgufValue, tensorTypes } from '@tabllama/gguf';
import { bool, decodeBody, string } from '../decode.ts';
import { type Endpoint, readBody } from '../endpoint.ts';
import { options } from '../fields.ts';
import { localTime, shortestFloat } from '../go-text.ts';
import { capabilities, details, findModel, templateText } from '../model.ts';
import { modelfile, parameterLines } from '../modelfile.ts';
import { json } from '../responses.ts';

export const show: Endpoint = async ({ request, store }) => {
  const body = decodeBody(await readBody(request), 'ShowRequest', {
    model: string,
    name: string,
    system: string,
    template: string,
    verbose: bool,
    options,
  });
  const name = body.model || body.name || '';
  if (name === '') throw new StatusError(400, 'model is required');
  const installed = await findModel(store, name, parsed => `model '${displayName(parsed)}' not found`);
  const shown: InstalledModel = {
    ...installed,
    system: body.system || installed.system,
    parameters: { ...installed.parameters, ...body.options },
  };
  const { gguf } = await store.open(installed);
  return json({
    license: installed.licenses.join('\n') || undefined,
    modelfile: modelfile(shown),
    parameters: parameterLines(shown.parameters) || undefined,
    template: templateText(shown, gguf),
    system: shown.system || undefined,
    details: details(shown),
    messages: shown.messages.length > 0 ? shown.messages : undefined,
    model_info: modelInfo(gguf, body.verbose ?? false),
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

/** The header's keys in order, and how many weights there are. Arrays are shown only when asked for. */
function modelInfo(gguf: Gguf, verbose: boolean): Record<string, unknown> {
  const hidden = ['general.name', 'tokenizer.chat_template', 'general.parameter_count'];
  const shown = [...gguf.metadata].filter(([key]) => !hidden.includes(key));
  let parameters = 0;
  for (const { shape } of gguf.tensors.values()) parameters += shape.reduce((a, b) => a * b, 1);
  const all: [string, unknown][] = [
    ...shown.map(([key, value]): [string, unknown] => [key, shownValue(value, verbose)]),
    ['general.parameter_count', parameters],
  ];
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function shownValue(value: GgufValue, verbose: boolean): unknown {
  if (typeof value === 'number') return shortestFloat(value);
  if (typeof value !== 'object') return value;
  return verbose ? Array.from<GgufValue, unknown>(value, item => shownValue(item, true)) : null;
}
