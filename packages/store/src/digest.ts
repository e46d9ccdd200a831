import { StatusError } from '@tabllama/api';

/** The one spelling of a digest, `sha256:` and 64 lower-case hex digits. Throws StatusError 400 for what is none. */
export function parseDigest(text: string): string {
  const match = /^sha256[:-]([0-9a-f]{64})$/i.exec(text);
  if (!match) throw new StatusError(400, 'invalid digest format');
  return `sha256:${match[1].toLowerCase()}`;
}
