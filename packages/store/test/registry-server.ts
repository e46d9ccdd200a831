/**
 * A registry for tests, on a real port: Ollama's protocol and Hugging Face's API, whose files come from a CDN on another port as they
 * do in life. It lets pages of any origin read it, and has every fault that a pull or a push meets.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answer, type Behaviour } from './faulty-server.ts';

export interface RegistryBehaviour {
  /** How the bytes of files and blobs are served. */
  readonly file: Omit<Behaviour, 'file'>;
  /** Answers with a status instead, for requests whose `METHOD path` matches; each as often as `times`. */
  readonly failures: { match: RegExp; status: number; times: number; retryAfter?: string; cut?: boolean }[];
  /** A token that every request must have, and where it is to be got: `token` is given to anyone who asks there. */
  auth?: { token: string; realm?: string; gives?: boolean };
  /** Blobs whose bytes are other than their digest says. */
  readonly wrong: Map<string, Uint8Array>;
  /** Blobs are served by the registry itself, without a redirect. */
  direct?: boolean;
  /** Blobs of other repositories that can be mounted. */
  mounts?: boolean;
  /** No header tells a page where to upload. */
  hideLocation?: boolean;
}

export interface LoggedRequest {
  readonly line: string;
  readonly range?: string;
  readonly authorization?: string;
}

export interface RegistryServer extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  /** `127.0.0.1:port`, as a name of a model begins. */
  readonly host: string;
  readonly behaviour: RegistryBehaviour;
  readonly log: LoggedRequest[];
  readonly blobs: Map<string, Uint8Array>;
  /** Manifests by `namespace/model:tag`, as they came. */
  readonly manifests: Map<string, string>;
  /** Repositories of Hugging Face: files by path, each LFS or not. */
  readonly repositories: Map<string, Map<string, { bytes: Uint8Array; lfs: boolean }>>;
  /** Puts a blob there and returns its layer. */
  layer(type: string, bytes: Uint8Array | string): { mediaType: string; digest: string; size: number };
  /** Puts a model there: a manifest of these layers, the last of which is the config. Returns the manifest's text. */
  publish(name: string, layers: readonly ReturnType<RegistryServer['layer']>[], space?: number): string;
}

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PATCH, PUT',
  'access-control-allow-headers': 'authorization, content-type, content-range',
  'access-control-expose-headers': 'content-range, etag, location, retry-after, www-authenticate',
};

export async function startRegistry(): Promise<RegistryServer> {
  const behaviour: RegistryBehaviour = {
    file: { ranges: true, cuts: [], etag: '"v1"' },
    failures: [],
    wrong: new Map(),
  };
  const log: LoggedRequest[] = [];
  const blobs: RegistryServer['blobs'] = new Map();
  const manifests: RegistryServer['manifests'] = new Map();
  const repositories: RegistryServer['repositories'] = new Map();
  const uploads = new Map<string, Buffer[]>();
  const files = new Map<string, Uint8Array>();

  const cdn = await listen(async (request, response) => {
    record(request, 'cdn ');
    const file = files.get(request.url!);
    if (!file) return void response.writeHead(404).end();
    await answer(request, response, { ...behaviour.file, file });
  });
  const main = await listen(async (request, response) => {
    record(request);
    const line = `${request.method} ${request.url}`;
    const failure = behaviour.failures.find(({ match, times }) => times > 0 && match.test(line));
    if (failure) {
      failure.times--;
      request.resume();
      if (failure.cut) return void response.destroy();
      if (failure.retryAfter) response.setHeader('retry-after', failure.retryAfter);
      return void response.writeHead(failure.status).end(`no ${failure.status}`);
    }
    const path = new URL(request.url!, 'http://x').pathname;
    if (path === '/token') return giveToken(response);
    if (!isAuthorized(request, response)) return void request.resume();
    const [, repository, kind, rest] = /^\/v2\/(.+)\/(manifests|blobs)\/(.*)$/.exec(path) ?? [];
    if (kind === 'manifests') return manifest(request, response, `${repository}:${rest}`);
    if (kind === 'blobs' && rest.startsWith('uploads/')) return upload(request, response, repository, rest);
    if (kind === 'blobs') return blob(request, response, rest);
    return hub(response, path, request);
  });

  function record(request: IncomingMessage, place = ''): void {
    const { range, authorization } = request.headers;
    const line = `${place}${request.method} ${request.url}`;
    if (request.method !== 'OPTIONS')
      log.push({ line, ...(range && { range }), ...(authorization && { authorization }) });
  }

  function giveToken(response: ServerResponse): void {
    if (!behaviour.auth?.gives) return void response.writeHead(403).end('not for you');
    response.end(JSON.stringify({ token: behaviour.auth.token }));
  }

  function isAuthorized(request: IncomingMessage, response: ServerResponse): boolean {
    const { auth } = behaviour;
    if (!auth || request.headers.authorization === `Bearer ${auth.token}`) return true;
    const realm = auth.realm ?? `${main.url}/token`;
    const challenge = `Bearer realm="${realm}",service="registry",scope="repository:a/b:pull,push"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[]}');
    return false;
  }

  async function manifest(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (request.method === 'PUT') {
      manifests.set(name, (await bodyOf(request)).toString());
      return void response.writeHead(201).end();
    }
    const text = manifests.get(name);
    if (text === undefined)
      return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
  }

  async function blob(request: IncomingMessage, response: ServerResponse, digest: string): Promise<void> {
    const bytes = behaviour.wrong.get(digest) ?? blobs.get(digest);
    if (!bytes) return void response.writeHead(404).end();
    if (request.method === 'HEAD') {
      return void response.writeHead(200, { 'content-length': bytes.length }).end();
    }
    if (behaviour.direct) return answer(request, response, { ...behaviour.file, file: bytes });
    redirect(response, 307, `/blob/${digest}`, bytes);
  }

  function redirect(response: ServerResponse, status: number, path: string, bytes: Uint8Array): void {
    files.set(path, bytes);
    response.writeHead(status, { location: `${cdn.url}${path}` }).end();
  }

  async function upload(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    rest: string,
  ): Promise<void> {
    const { searchParams } = new URL(request.url!, 'http://x');
    const goOn = (id: string, status: number) => {
      if (!behaviour.hideLocation)
        response.setHeader('location', `/v2/${repository}/blobs/uploads/${id}?state=x`);
      response.writeHead(status).end();
    };
    if (request.method === 'POST') {
      const mounted = searchParams.get('mount');
      if (behaviour.mounts && mounted && blobs.has(mounted)) return void response.writeHead(201).end();
      const id = `u${uploads.size + 1}`;
      uploads.set(id, []);
      return goOn(id, 202);
    }
    const id = rest.slice('uploads/'.length);
    const parts = uploads.get(id);
    if (!parts) return void response.writeHead(404).end();
    const body = await bodyOf(request);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (request.method === 'PATCH') {
      const range = `${length}-${length + body.length - 1}`;
      if (request.headers['content-range'] !== range) return void response.writeHead(416).end();
      parts.push(body);
      return goOn(id, 202);
    }
    const bytes = new Uint8Array(Buffer.concat(parts));
    if (digestOf(bytes) !== searchParams.get('digest'))
      return void response.writeHead(400).end('digest invalid');
    blobs.set(digestOf(bytes), bytes);
    response.writeHead(201).end();
  }

  /** The parts of Hugging Face's API that a pull asks for. */
  function hub(response: ServerResponse, path: string, request: IncomingMessage): void {
    const [, treeOf] = /^\/api\/models\/(.+)\/tree\/main$/.exec(path) ?? [];
    const tree = treeOf === undefined ? undefined : repositories.get(treeOf);
    if (tree) {
      const entries = [...tree].map(([name, { bytes, lfs }]) => ({
        type: 'file',
        oid: '0'.repeat(40),
        size: bytes.length,
        ...(lfs && { lfs: { oid: digestOf(bytes).slice(7), size: bytes.length, pointerSize: 134 } }),
        path: name,
      }));
      return void response.end(
        JSON.stringify([{ type: 'directory', oid: 'x', size: 0, path: 'sub' }, ...entries]),
      );
    }
    const [, repository, name] = /^\/(.+)\/resolve\/main\/(.+)$/.exec(path) ?? [];
    const file = repositories.get(repository)?.get(decodeURIComponent(name ?? ''));
    if (!file || request.method !== 'GET') return void response.writeHead(404).end('Not found');
    if (!file.lfs) return void response.end(file.bytes);
    redirect(response, 302, `/lfs/${digestOf(file.bytes)}`, file.bytes);
  }

  return {
    url: main.url,
    host: main.url.slice('http://'.length),
    behaviour,
    log,
    blobs,
    manifests,
    repositories,
    layer(type, content) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      const mediaType =
        type === 'config'
          ? 'application/vnd.docker.container.image.v1+json'
          : `application/vnd.ollama.image.${type}`;
      return { mediaType, digest, size: bytes.length };
    },
    publish(name, layers, space) {
      const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
      const manifest = { schemaVersion: 2, mediaType, config: layers.at(-1), layers: layers.slice(0, -1) };
      const text = JSON.stringify(manifest, undefined, space);
      manifests.set(name, text);
      return text;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([main.close(), cdn.close()]);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => Promise<void> | void) {
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    try {
      await handle(request, response);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
