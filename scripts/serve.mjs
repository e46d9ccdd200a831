/**
 * A static file server on the loopback interface: byte ranges, ETags and conditional requests after RFC 9110, nothing outside
 * its folders. It serves the built app and the models; `npm start`, `npm run ask`, the browser tests and the bench share it.
 */
import { open } from 'node:fs/promises';
import { createServer, STATUS_CODES } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { root } from './workspace.mjs';

const types = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

export const modelFolders = [['/models/', join(root, 'models')]];
/** The folders of a served app: URL prefix and folder, the first prefix that fits and has the file wins. */
export const appFolders = dist => [...modelFolders, ['/', dist]];

/** The decoded segments of a URL's path; undefined where one of them could leave the folder or is hidden. */
function segments(pathname) {
  try {
    const names = pathname.split('/').slice(1).map(decodeURIComponent);
    if (names.at(-1) === '') names[names.length - 1] = 'index.html';
    return names.every(name => /^[^./\\\0:][^/\\\0:]*$/.test(name)) ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Opens the file of a URL path; undefined if there is none. The caller closes it. */
async function openFile(folders, pathname) {
  for (const [prefix, folder] of folders) {
    const names = pathname.startsWith(prefix) && segments(pathname.slice(prefix.length - 1));
    if (!names) continue;
    const path = join(folder, ...names);
    try {
      const file = await open(path);
      const stat = await file.stat({ bigint: true });
      if (stat.isFile()) {
        const size = Number(stat.size);
        const etag = `"${size.toString(16)}-${stat.mtimeNs.toString(16)}"`;
        return { file, path, size, etag, modified: new Date(Number(stat.mtimeMs)).toUTCString() };
      }
      await file.close();
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(error.code)) throw error;
    }
  }
  return undefined;
}

/** Whether the client's copy is the current one (RFC 9110 §13.1.2, §13.1.3). */
function isFresh({ etag, modified }, headers) {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return tags.split(',').some(tag => ['*', etag, `W/${etag}`].includes(tag.trim()));
  return Date.parse(headers['if-modified-since']) >= Date.parse(modified);
}

/** The one range to send: `[first, last]`, undefined for the whole file, null where none of it can be satisfied. */
function findRange({ size, etag, modified }, headers) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '');
  if (!match || match[0] === 'bytes=-') return undefined;
  const condition = headers['if-range'];
  if (condition !== undefined && condition !== etag && condition !== modified) return undefined;
  const [, from, to] = match;
  if (from === '') return Number(to) > 0 && size > 0 ? [Math.max(0, size - Number(to)), size - 1] : null;
  if (to !== '' && Number(to) < Number(from)) return undefined;
  return Number(from) < size ? [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)] : null;
}

function refuse(response, status, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : `${status} ${STATUS_CODES[status]}\n`);
}

/** Answers a request with a file of `folders`, with `headers` on it. */
export async function answer(folders, headers, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return refuse(response, 405, { Allow: 'GET, HEAD' });
  const [pathname] = request.url.split('?', 1);
  const found = await openFile(folders, pathname);
  if (!found) return refuse(response, 404);
  try {
    const { file, path, size, etag, modified } = found;
    const common = {
      ...headers,
      ETag: etag,
      'Last-Modified': modified,
      'Accept-Ranges': 'bytes',
      // Names in assets/ carry a hash of their content; everything else is asked for anew.
      'Cache-Control': pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'X-Content-Type-Options': 'nosniff',
    };
    if (isFresh(found, request.headers)) return response.writeHead(304, common).end();
    const range = request.method === 'GET' ? findRange(found, request.headers) : undefined;
    if (range === null) return refuse(response, 416, { ...common, 'Content-Range': `bytes */${size}` });
    const [start, end] = range ?? [0, size - 1];
    response.writeHead(range ? 206 : 200, {
      ...common,
      'Content-Type': types[extname(path).toLowerCase()] ?? 'application/octet-stream',
      'Content-Length': end - start + 1,
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === 'HEAD' || size === 0) return response.end();
    // A client that goes away in the middle is no error of ours.
    await pipeline(file.createReadStream({ start, end, autoClose: false }), response).catch(() => {});
  } finally {
    await found.file.close();
  }
}

/**
 * Serves `folders` on `port` (0: any free one) of the loopback interface, `headers` on every file. Resolves to the server's
 * `url`, with a slash at its end, and `close()`; rejects with the system's error where the port is taken.
 */
export function serve(folders, { port = 0, headers = {} } = {}) {
  const server = createServer((request, response) => {
    answer(folders, headers, request, response).catch(error => {
      console.error(`${request.method} ${request.url}: ${error.message}`);
      if (!response.headersSent) refuse(response, 500);
      response.destroy();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve({
        url: `http://localhost:${server.address().port}/`,
        close: () =>
          new Promise(done => {
            server.close(done);
            server.closeAllConnections();
          }),
      });
    });
  });
}
