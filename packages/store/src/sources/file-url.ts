/** URLs of GGUF files. One that ends in `-00001-of-0000N.gguf` stands for all N parts of a model. */
import { type ModelName, parseModelName, StatusError } from '@tabllama/api';
import { splitName } from '@tabllama/gguf';
import type { RemoteFile } from '../download.ts';
import { describeFiles } from '../manifest-of-files.ts';
import type { FindSource, OpenOffer, SourceSettings } from './source.ts';

export function fileUrl(settings: SourceSettings): FindSource {
  return wanted => {
    if (!(wanted instanceof URL)) return undefined;
    if (!isWeb(wanted)) throw new StatusError(400, `cannot pull from ${wanted.protocol} URLs`);
    return offerFile(wanted, settings);
  };
}

export const isWeb = ({ protocol }: URL) => protocol === 'http:' || protocol === 'https:';

/** The model behind a URL, which may end in `#sha256=` and 64 hex digits: what the file must be. */
export function offerFile(address: URL, { database, authorizedFetch }: SourceSettings): OpenOffer {
  return async () => {
    const fetch = authorizedFetch();
    const digest = /^#sha256=([0-9a-f]{64})$/i.exec(address.hash)?.[1];
    const files = partUrls(address).map(
      (url): RemoteFile => ({
        url,
        fetch,
        kind: 'gguf',
        ...(digest && { digest: `sha256:${digest.toLowerCase()}` }),
      }),
    );
    return { files, manifest: blobs => describeFiles(database, blobs) };
  };
}

const MAX_PARTS = 1000;

/** The URLs of all parts, or the one URL of a file that is no first part. */
function partUrls(address: URL): string[] {
  const url = new URL(address);
  url.hash = '';
  const { stem, number, count = 1 } = splitName(url.pathname) ?? {};
  if (number !== 1) return [url.href];
  if (count < 1 || count > MAX_PARTS) throw new StatusError(400, `${url} is a part of ${count}`);
  const digits = (part: number) => String(part).padStart(5, '0');
  return Array.from({ length: count }, (_, index) => {
    url.pathname = `${stem}-${digits(index + 1)}-of-${digits(count)}.gguf`;
    return url.href;
  });
}

/** A model named after a file: `/x/SmolLM2%20(new).Q4_0.gguf` is `smollm2-new-.q4_0:latest`, without what tells a part from others. */
export function nameOf(url: URL): ModelName {
  const file = fileName(url.href);
  const split = splitName(file);
  const model = (split?.number === 1 ? split.stem : file.replace(/\.gguf$/i, ''))
    .toLowerCase()
    .replace(/[^a-z0-9_.-]+/g, '-')
    .replace(/^[^a-z0-9_]+/, '')
    .slice(0, 80);
  return parseModelName(model) ?? parseModelName('model')!;
}

/** The last part of a URL's path, decoded where it can be. */
export function fileName(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
