/**
 * One HTTP request for the bytes of a file, from its start or from where a download stopped, and what the answer says (RFC 9110
 * §14, §8.8). No `If-Range`: across origins it would need a preflight, which file hosts refuse; the validator of the answer says
 * the same. A plain `Range` needs none, and makes browsers ask for the bytes without compression.
 */
import { StatusError } from '@tabllama/api';
import type { FileVersion } from './database.ts';
import { type Fetch, MissingError, refusal, send } from './web.ts';

export interface FileAnswer {
  readonly version: FileVersion;
  /** Where in the file the body begins. */
  readonly offset: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** As much of a file as is here. `certain`: its digest is known, so that what does not belong together is found at the end. */
export interface KnownPart extends FileVersion {
  readonly offset: number;
  readonly certain?: boolean;
}

/**
 * Asks for a file from `offset` on if it still is that version. If it is not, or nobody can tell, the answer begins at 0.
 * @throws NetworkError where another try may help, else StatusError; the signal's reason when aborted
 */
export async function requestFile(
  fetch: Fetch,
  url: string,
  known: KnownPart,
  signal: AbortSignal,
): Promise<FileAnswer> {
  const response = await send(fetch, url, { headers: { range: `bytes=${known.offset}-` }, signal });
  const restart = () => {
    response.body?.cancel().catch(() => {});
    return requestFile(fetch, url, { offset: 0 }, signal);
  };
  if (response.status === 416 && known.offset > 0) return restart();
  if (!response.ok) {
    response.body?.cancel().catch(() => {});
    throw failure(url, response);
  }
  const answer = describe(response, known.offset);
  if (known.offset > 0 && answer.offset !== 0) {
    const same = known.certain ? sameSize(answer.version, known) : sameVersion(answer.version, known);
    // another origin may hide which range it is: with a digest to compare it is taken as the one that was asked for
    const begins = known.certain && Number.isNaN(answer.offset) ? known.offset : answer.offset;
    return begins === known.offset && same ? { ...answer, offset: begins } : restart();
  }
  if (answer.offset !== 0) {
    answer.body.cancel().catch(() => {});
    throw new StatusError(500, `${url} answered with bytes from ${answer.offset} instead of the whole file`);
  }
  return answer;
}

const sameSize = (a: FileVersion, b: FileVersion) =>
  a.size === undefined || b.size === undefined || a.size === b.size;

/** True if both are known to be the same bytes. */
export function sameVersion(a: FileVersion, b: FileVersion): boolean {
  return a.validator !== undefined && a.validator === b.validator && a.size === b.size;
}

function failure(url: string, response: Response): StatusError {
  const { status, statusText } = response;
  if (status === 404 || status === 410) return new MissingError();
  if (status === 401) return new StatusError(500, `unauthorized: access denied to ${url}`);
  return refusal(response, `${url} answered ${status} ${statusText}`.trim());
}

function describe(response: Response, asked: number): FileAnswer {
  const { headers } = response;
  const body = response.body ?? new Blob([]).stream();
  // lengths, offsets and validators of a compressed body are those of the compressed bytes
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') return { version: {}, offset: 0, body };

  const length = Number.parseInt(headers.get('content-length') ?? '', 10);
  if (response.status !== 206) return { version: versionOf(headers, length), offset: 0, body };

  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  if (range) return { version: versionOf(headers, Number(range[2])), offset: Number(range[1]), body };
  // another origin may hide the range: from the start it is known all the same
  return asked === 0
    ? { version: versionOf(headers, length), offset: 0, body }
    : { version: {}, offset: Number.NaN, body };
}

/** NaN is a size that is not known. */
function versionOf(headers: Headers, size: number): FileVersion {
  const validator = validatorOf(headers);
  return {
    ...(Number.isSafeInteger(size) && { size }),
    ...(validator !== undefined && Number.isSafeInteger(size) && { validator }),
  };
}

/** A strong ETag, or a date of change that lies a minute back, so that a second change would have moved it (RFC 9110 §8.8.2.2). */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag');
  if (etag?.startsWith('"')) return etag;
  const modified = headers.get('last-modified');
  if (!modified) return undefined;
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  return Date.parse(modified) < now - 60_000 ? `${modified} ${etag ?? ''}` : undefined;
}
