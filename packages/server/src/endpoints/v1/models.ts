/** `GET /v1/models` and `GET /v1/models/:model`: OpenAI's list of what is installed, and one of it. */
import { displayName, type ModelName, parseModelName, StatusError } from '@tabllama/api';
import { findModel } from '../../model.ts';
import { openaiError } from './openai.ts';
import { jsonLine, refuseCloud, translated, unixSeconds } from './translated.ts';

export const models = translated(openaiError, async ({ store }) => async () => {
  const all = (await store.list()).map(({ name, modifiedAt }) => entry(displayName(name), modifiedAt));
  return jsonLine({ object: 'list', data: all.length > 0 ? all : null });
});

export const model = translated(openaiError, async ({ store, parameter }) => {
  refuseCloud(parameter, 'remote model details are unavailable');
  return async () => {
    if (parameter.trim() === '') throw new StatusError(400, 'model is required');
    const missing = (name: ModelName) => `model '${displayName(name)}' not found`;
    const { modifiedAt } = await findModel(store, parameter, { missing });
    return jsonLine(entry(parameter, modifiedAt));
  };
});

function entry(id: string, modifiedAt: Date): object {
  const owned_by = parseModelName(id)?.namespace ?? 'library';
  return { id, object: 'model', created: unixSeconds(modifiedAt), owned_by };
}
