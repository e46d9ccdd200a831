/** `POST /api/signout`, and `DELETE /api/user/keys/:key` before it: nobody is signed in. */
import { StatusError } from '@tabllama/api';
import type { Endpoint } from '../endpoint.ts';

export const signout: Endpoint = () => {
  throw new StatusError(401, 'you are not currently signed in');
};
