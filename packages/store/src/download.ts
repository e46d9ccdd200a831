/**
 * A file from a URL into the store: goes on where an earlier attempt stopped if the file is still the same, tries again when the
 * network fails, and makes the blob visible only when it is complete, has the digest that was expected, and, for a GGUF, has a sound
 * header.
 */
import { StatusError } from '@tabllama/api';
import { GgufError, readGguf } from '@tabllama/gguf';
import { BlobWriter } from './blob-writer.ts';
import { all, type BlobRecord, type Database, type Origin } from './database.ts';
import { checkRoom } from './quota.ts';
import { type FileAnswer, requestFile, sameVersion } from './request-file.ts';
import {
  backOff,
  type Fetch,
  MissingError,
  NetworkError,
  type RetryOptions,
  Stall,
  UnreachableError,
} from './web.ts';

/** A file to download. */
export interface RemoteFile {
  readonly url: string;
  /** For requests to that URL, with the token that it takes. */
  readonly fetch: Fetch;
  /** What its bytes must have, where that is known. */
  readonly digest?: string;
  /** Length in bytes, where that is known. */
  readonly size?: number;
  /** A GGUF file, or a blob that a manifest from the same place names by its digest. */
  readonly kind: 'gguf' | 'blob';
}

/** What a download is known by: the digest, whichever place it comes from, or else the URL. */
export const idOf = ({ url, digest }: RemoteFile) => digest ?? url;

/** Bytes of a download; without `total` where the server does not say. */
export interface Bytes {
  readonly completed: number;
  readonly total?: number;
}

/** `attempts` counts the failures without a new byte between them. */
export interface DownloadOptions extends RetryOptions {
  readonly database: Database;
  /** A server that sends nothing for so long counts as a failure. */
  readonly stallMs: number;
}

/**
 * A failure leaves what is there, unless that is wrong or could never be continued.
 * @throws UnreachableError if the server was never reached, else StatusError; the signal's reason when aborted
 */
export async function download(
  source: RemoteFile,
  options: DownloadOptions,
  report: (bytes: Bytes) => void,
  signal: AbortSignal,
): Promise<BlobRecord> {
  const { database, attempts, stallMs } = options;
  const id = idOf(source);
  const certain = source.digest !== undefined;
  let writer = await BlobWriter.resume(database, id);
  let reached = source.kind === 'blob'; // its manifest came from there
  let furthest = 0;
  let failures = 0;
  try {
    for (;;) {
      const whole = source.size ?? writer?.origin?.size;
      // servers answer a range without bytes with 416
      if (certain && whole === (writer?.size ?? 0)) {
        writer ??= await BlobWriter.create(database, id, { url: source.url, size: whole });
        return await verify(source, writer, signal);
      }
      const stall = new Stall(signal, stallMs);
      try {
        const known = { ...writer?.origin, offset: writer?.size ?? 0, certain };
        const answer = await stall.watch(requestFile(source.fetch, source.url, known, stall.signal));
        reached = true;
        const origin: Origin = { url: source.url, ...answer.version };
        const present = certain ? undefined : await findDownloaded(database, origin);
        if (present) {
          answer.body.cancel().catch(() => {});
          await writer?.discard();
          return present;
        }
        if (writer && writer.size === origin.size && sameVersion({ ...writer.origin }, origin)) {
          answer.body.cancel().catch(() => {});
          return await verify(source, writer, signal);
        }
        if (!writer || answer.offset === 0) {
          await writer?.discard();
          writer = await BlobWriter.create(database, id, origin);
        }
        const size = origin.size ?? source.size;
        if (size !== undefined) await checkRoom({ needed: size, stored: writer.size });
        await readBody(answer, { ...source, size }, writer, stall, report);
        return await verify(source, writer, signal);
      } catch (error) {
        signal.throwIfAborted();
        // a file behind a URL is its own manifest
        if (error instanceof MissingError && source.kind === 'gguf') {
          throw new StatusError(500, `pull model manifest: ${error.message}`);
        }
        if (!(error instanceof NetworkError)) throw error;
        if (!reached && error instanceof UnreachableError) throw error;
        reached = true;
        if (writer && writer.size > furthest) {
          furthest = writer.size;
          failures = 0;
        }
        if (++failures === attempts) {
          throw new StatusError(500, `max retries exceeded: ${error.message}`, { cause: error });
        }
        await backOff(error, failures, options, signal);
      }
    }
  } catch (error) {
    // what could never be continued is of no use
    const lasting = certain || writer?.origin?.validator !== undefined;
    await (lasting ? writer?.keep() : writer?.discard());
    throw error;
  }
}

/** The blob of this very version of a file. */
async function findDownloaded(database: Database, { url, ...version }: Origin) {
  const blobs = await database('readonly', store => all(store, 'blob'));
  return blobs.find(({ origin }) => origin?.url === url && sameVersion(origin, version));
}

async function readBody(
  { body }: FileAnswer,
  { url, kind, size }: RemoteFile,
  writer: BlobWriter,
  stall: Stall,
  report: (bytes: Bytes) => void,
): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      report({ completed: writer.size, total: size });
      const { done, value } = await stall.watch(read(reader));
      if (done) break;
      const before = writer.size;
      await writer.write(value);
      if (kind === 'gguf' && before < 4 && writer.size >= 4) await checkMagic(writer);
      if (size !== undefined && writer.size > size) {
        await writer.discard();
        throw new StatusError(500, `${url} sent more than the ${size} bytes that it announced`);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  if (size !== undefined && writer.size < size) {
    throw new NetworkError(`${url} ended after ${writer.size} of ${size} bytes`);
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (error) {
    throw new NetworkError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Stops at once what is no GGUF, such as the HTML page that many servers send for a file they do not have. */
async function checkMagic(writer: BlobWriter): Promise<void> {
  const head = new TextDecoder('latin1').decode(writer.head(4));
  if (head === 'GGUF') return;
  await writer.discard();
  throw new StatusError(
    500,
    `${writer.origin?.url} is not a GGUF file: it begins with ${JSON.stringify(head)} instead of "GGUF"`,
  );
}

async function verify(source: RemoteFile, writer: BlobWriter, signal: AbortSignal): Promise<BlobRecord> {
  try {
    const { digest, source: bytes } = await writer.finish();
    if (source.digest !== undefined && digest !== source.digest) {
      throw new StatusError(
        500,
        `digest mismatch, file must be downloaded again: want ${source.digest}, got ${digest}`,
      );
    }
    if (source.kind === 'gguf') await readGguf(bytes, signal);
    return await writer.commit(digest);
  } catch (cause) {
    const error =
      cause instanceof GgufError ? new StatusError(500, `${source.url}: ${cause.message}`, { cause }) : cause;
    // what is wrong stays so; an abort or a full disk says nothing about the bytes
    if (error instanceof StatusError && error.status !== 507) await writer.discard();
    throw error;
  }
}
