/**
 * GGUF files of repositories on Hugging Face: `hf.co/user/repo`, or with a quantization as the tag. Files are found with the
 * API of the hub and come from its `resolve` URLs, which redirect to a CDN; both answer pages of any origin.
 */
import { MEDIA_TYPES, type ModelName, readText, StatusError } from '@tabllama/api';
import { splitName } from '@tabllama/gguf';
import type { Database } from '../database.ts';
import type { RemoteFile } from '../download.ts';
import { parseParameters } from '../manifest.ts';
import { describeFiles } from '../manifest-of-files.ts';
import { putLayer } from '../put-blob.ts';
import { type Fetch, MissingError, refused, retry, send } from '../web.ts';
import type { FindSource, SourceSettings } from './source.ts';

const hosts = ['hf.co', 'huggingface.co'];
const hub = 'https://huggingface.co';

/** Files at the root of a repository that become layers of the same name, as Hugging Face's page on Ollama says. */
const textFiles = ['template', 'system', 'params'] as const;
const MAX_TEXT_BYTES = 1 << 20;
const MAX_TREE_BYTES = 16 << 20;

interface HubFile {
  readonly path: string;
  readonly size: number;
  readonly sha256?: string;
}

export function huggingFace(settings: SourceSettings): FindSource {
  return wanted => {
    if (wanted instanceof URL || !hosts.includes(wanted.host.toLowerCase())) return undefined;
    const base = settings.registries.get(wanted.host.toLowerCase()) ?? hub;
    const repository = `${wanted.namespace}/${wanted.model}`;
    const resolve = (path: string) =>
      `${base}/${repository}/resolve/main/${path.split('/').map(encodeURIComponent).join('/')}`;

    return async signal => {
      const fetch = settings.authorizedFetch();
      const get = (url: string) => retry(() => request(fetch, url, signal), settings, signal);
      const tree = await get(`${base}/api/models/${repository}/tree/main?recursive=true`);
      const all = readTree(await readText(tree, MAX_TREE_BYTES));
      const files = chooseFiles(all, wanted).map(
        ({ path, size, sha256 }): RemoteFile => ({
          url: resolve(path),
          fetch,
          size,
          kind: 'gguf',
          ...(sha256 && { digest: `sha256:${sha256}` }),
        }),
      );
      const texts = textFiles.filter(name =>
        all.some(({ path, size }) => path === name && size <= MAX_TEXT_BYTES),
      );
      return {
        files,
        async manifest(blobs) {
          const layers = [];
          for (const type of texts) {
            const text = await readText(await get(resolve(type)), MAX_TEXT_BYTES);
            layers.push(await textLayer(settings.database, type, text));
          }
          return describeFiles(settings.database, blobs, layers);
        },
      };
    };
  };
}

async function request(fetch: Fetch, url: string, signal?: AbortSignal): Promise<Response> {
  const response = await send(fetch, url, { signal });
  if (response.ok) return response;
  if (response.status === 404) throw new MissingError();
  throw await refused(response);
}

/** The files in the hub's answer; entries that are no sound file are passed over. */
function readTree(text: string): HubFile[] {
  const entries: unknown = JSON.parse(text);
  if (!Array.isArray(entries)) throw new StatusError(500, 'the list of files is no list');
  return entries.flatMap(entry => {
    const { type, path, size, lfs } = (entry ?? {}) as Record<string, unknown>;
    if (type !== 'file' || typeof path !== 'string' || !Number.isSafeInteger(size)) return [];
    const { oid } = (lfs ?? {}) as { oid?: unknown };
    const sha256 = typeof oid === 'string' && /^[0-9a-f]{64}$/.test(oid) ? oid : undefined;
    return [{ path, size: size as number, sha256 }];
  });
}

/**
 * The file of a quantization, or all of its parts: the tag is a whole word of the file's name, in any case. Without one it is Q4_K_M,
 * else another Q4, else the first. Projectors are left out: nothing here could use them.
 */
function chooseFiles(all: readonly HubFile[], { tag, host, namespace, model }: ModelName): HubFile[] {
  const models = all.filter(({ path }) => /\.gguf$/i.test(path) && !/mmproj/i.test(path));
  models.sort((a, b) => (a.path < b.path ? -1 : 1));
  const firsts = models.filter(({ path }) => (splitName(path)?.number ?? 1) === 1);
  const having = (quant: string) => firsts.find(({ path }) => hasWord(path, quant));
  const chosen =
    tag.toLowerCase() === 'latest'
      ? (having('Q4_K_M') ?? firsts.find(({ path }) => /[-._/]q4/i.test(path)) ?? firsts[0])
      : having(tag);
  if (chosen) {
    const stem = splitName(chosen.path)?.stem;
    return stem === undefined ? [chosen] : models.filter(({ path }) => splitName(path)?.stem === stem);
  }
  const names = firsts.map(({ path }) => splitName(path)?.stem ?? path.replace(/\.gguf$/i, '')).join(', ');
  throw new StatusError(
    500,
    firsts.length === 0
      ? `${host}/${namespace}/${model} has no GGUF files`
      : `${host}/${namespace}/${model} has no file for ${JSON.stringify(tag)}, only ${names}`,
  );
}

/** True if a path has the word between other characters than letters, digits and `_`. */
function hasWord(path: string, word: string): boolean {
  const escaped = word.replace(/[^a-z0-9_]/gi, '\\$&');
  return new RegExp(`(^|[^a-z0-9_])${escaped}([^a-z0-9_]|$)`, 'i').test(path);
}

function textLayer(database: Database, type: (typeof textFiles)[number], text: string) {
  const bytes = new TextEncoder().encode(type === 'params' ? JSON.stringify(parseParameters(text)) : text);
  return putLayer(database, MEDIA_TYPES.layer + type, bytes);
}
