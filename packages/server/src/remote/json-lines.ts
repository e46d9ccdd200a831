/** Reading what other servers stream: lines, each a JSON object. */
import { StatusError } from '@tabllama/api';
import type { Json } from './remotes.ts';

/** Of a line, or of a whole answer: characters or bytes, far above any embedding. */
export const MAX_ANSWER = 64 << 20;

/** The lines of a body, without their ends, as they come. A reader that stops cancels the body. */
export async function* textLines({ body }: Response): AsyncGenerator<string, void, undefined> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done = true } = (await reader?.read()) ?? {};
      if (done || value === undefined) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_ANSWER)
        throw new StatusError(502, 'the other server sends a line without an end');
      yield* lines;
    }
    yield rest;
  } finally {
    reader?.cancel().catch(() => {});
  }
}

/** Objects of NDJSON, or the one object that a body is. */
export async function* jsonLines(response: Response): AsyncGenerator<Json, void, undefined> {
  for await (const line of textLines(response)) if (line.trim() !== '') yield parseObject(line);
}

/** @throws StatusError 502 for what is no JSON object */
export function parseObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Json;
  } catch {
    // told below
  }
  throw new StatusError(
    502,
    `the other server sent ${JSON.stringify(text.slice(0, 100))} where JSON was expected`,
  );
}
