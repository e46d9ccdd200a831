/** Routes of Ollama that this version does not answer. */
import { StatusError } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';

export const notYet: Endpoint = ({ request }) => {
  throw new StatusError(501, `${new URL(request.url).pathname} is not there yet: a later version brings it`);
};
