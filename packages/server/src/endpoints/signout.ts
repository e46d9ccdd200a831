/** `POST /api/signout`, and `DELETE /api/user/keys/:key` before it: as where ollama.com cannot be asked. */
import { StatusError } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';

export const signout: Endpoint = () => {
  throw new StatusError(500, 'there was an error signing out');
};
