/** `GET /`: how clients find out whether Ollama is there. */
import type { Endpoint } from '../endpoint.ts';
import { respond } from '../responses.ts';

export const root: Endpoint = () =>
  respond('Ollama is running', 200, { 'content-type': 'text/plain; charset=utf-8' });
