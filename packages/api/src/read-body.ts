/** Bodies that are read whole, of requests and of answers: only so much of them is taken into memory. */
import { StatusError } from './status-error.ts';

/** The first `most` bytes of a body; what comes after them is not fetched. */
export async function readBytes({ body }: Pick<Response, 'body'>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  while (length < most) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) break;
    const part = value.subarray(0, most - length);
    parts.push(part);
    length += part.length;
  }
  reader?.cancel().catch(() => {});
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What the first `most` bytes of an answer say: enough of an error, however long a page comes with it. */
export async function startOfText(response: Response, most: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, most));
}

/** The text of an answer. Throws StatusError 500 where it has more than `most` bytes. */
export async function readText(response: Response, most: number): Promise<string> {
  const bytes = await readBytes(response, most + 1);
  if (bytes.length > most) throw new StatusError(500, `${response.url} sent more than ${most} bytes`);
  return new TextDecoder().decode(bytes);
}
