/** `GET /api/version`: the Ollama release whose API is followed. */
import type { Endpoint } from '../endpoint.ts';
import { json } from '../responses.ts';

export const version: Endpoint = ({ version }) => json({ version });
