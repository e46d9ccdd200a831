/** `GET /api/ps`: the models that are loaded, the one that stays longest first. */
import { displayName } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';
import { localTime } from '../go-text.ts';
import { details } from '../model.ts';
import { json } from '../responses.ts';

export const ps: Endpoint = ({ scheduler }) => {
  const running = scheduler.running().sort((a, b) => b.expiresAt.getTime() - a.expiresAt.getTime());
  return json({
    models: running.map(({ installed, bytes, contextLength, expiresAt }) => ({
      name: displayName(installed.name),
      model: displayName(installed.name),
      size: bytes,
      digest: installed.digest,
      details: { ...details(installed), parent_model: '' },
      expires_at: localTime(expiresAt),
      size_vram: bytes,
      context_length: contextLength,
    })),
  });
};
