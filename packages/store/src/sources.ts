/** What can be pulled: the names in the page's table, and URLs of GGUF files. */
import { fullName, type ModelName, parseModelName, StatusError } from '@tabllama/api';
import type { Source } from './download.ts';

export interface PullSource extends Source {
  /** The model's name when it is installed. */
  readonly name: ModelName;
}

/** Finds the source of a name or a URL. Throws StatusError with Ollama's words for a name that nobody offers. */
export type FindSource = (wanted: ModelName | URL) => PullSource;

/**
 * Reads a table from names to URLs of GGUF files. A URL may end in `#sha256=` and 64 hex digits: what the file must be.
 * @throws TypeError for an entry that is no name or no URL of the web
 */
export function readTable(models: Readonly<Record<string, string>>, base: string | URL): FindSource {
  const table = new Map<string, PullSource>();
  for (const [text, address] of Object.entries(models)) {
    const name = parseModelName(text);
    if (!name) throw new TypeError(`models: ${JSON.stringify(text)} is no name of a model`);
    const url = URL.parse(address, base);
    if (!url || !isWeb(url)) throw new TypeError(`models: ${text}: ${JSON.stringify(address)} is no URL`);
    table.set(fullName(name).toLowerCase(), { name, ...sourceOf(url) });
  }
  return wanted => {
    if (wanted instanceof URL) {
      if (!isWeb(wanted)) throw new StatusError(400, `cannot pull from ${wanted.protocol} URLs`);
      return { name: nameOf(wanted), ...sourceOf(wanted) };
    }
    const source = table.get(fullName(wanted).toLowerCase());
    if (!source) throw new StatusError(500, 'pull model manifest: file does not exist');
    return source;
  };
}

const isWeb = ({ protocol }: URL) => protocol === 'http:' || protocol === 'https:';

function sourceOf(address: URL): Source {
  const url = new URL(address);
  const digest = /^#sha256=([0-9a-f]{64})$/i.exec(url.hash)?.[1];
  url.hash = '';
  return { url: url.href, ...(digest && { digest: `sha256:${digest.toLowerCase()}` }) };
}

/** A model named after a file: `/x/SmolLM2%20(new).Q4_0.gguf` is `smollm2-new-.q4_0:latest`. */
function nameOf(url: URL): ModelName {
  const model = fileName(url.href)
    .replace(/\.gguf$/i, '')
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
