/** `GET /api/status`: Ollama's cloud, which a page has no part in. */
import type { Endpoint } from '../endpoint.ts';
import { json } from '../responses.ts';

export const status: Endpoint = () => json({ cloud: { disabled: true, source: 'env' } });
