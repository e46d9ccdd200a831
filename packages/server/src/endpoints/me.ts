/** `POST /api/me`: the account at ollama.com. A page has none, and cannot ask there for one: Ollama's answer where that is so. */
import { StatusError } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';

export const me: Endpoint = () => {
  throw new StatusError(503, 'account unavailable');
};
