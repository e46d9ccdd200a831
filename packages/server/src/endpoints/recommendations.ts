/** `GET /api/experimental/model-recommendations`: Ollama's are of models that no page can run, so that there are none. */
import type { Endpoint } from '../endpoint.ts';
import { json } from '../responses.ts';

export const recommendations: Endpoint = () => json({ recommendations: [] });
