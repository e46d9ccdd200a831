/** Anthropic's errors and ids. */
import type { ErrorBody } from './translated.ts';

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  529: 'overloaded_error',
};

export const anthropicError: ErrorBody = (status, message) => ({
  type: 'error',
  error: { type: types[status] ?? 'api_error', message },
  request_id: newId('req'),
});

/** A prefix and 24 hex digits. */
export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `${prefix}_${[...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
}
