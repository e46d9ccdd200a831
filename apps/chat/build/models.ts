/**
 * Serves the repository's `models/` folder at `/models/` in development and preview, with ranges and an ETag, as pulling
 * with resume needs them. The files are never copied into the build.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const folder = fileURLToPath(new URL('../../../models/', import.meta.url));

export function models(): Plugin {
  return {
    name: 'models',
    configureServer: server => void server.middlewares.use('/models', serve),
    configurePreviewServer: server => void server.middlewares.use('/models', serve),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
  const name = /^\/([\w-][\w.-]*)$/.exec(request.url ?? '')?.[1];
  const file = await stat(folder + (name ?? '')).catch(() => undefined);
  if (!file?.isFile() || !/^(GET|HEAD)$/.test(request.method ?? '')) return next();

  const etag = `"${file.size.toString(16)}-${Math.floor(file.mtimeMs).toString(16)}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Content-Type', 'application/octet-stream');

  const ifRange = request.headers['if-range'];
  const wanted = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const range = wanted && (ifRange === undefined || ifRange === etag) ? wanted : undefined;
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(range?.[2] ? Number(range[2]) : Number.POSITIVE_INFINITY, file.size - 1);
  if (range && start > end) {
    response.writeHead(416, { 'Content-Range': `bytes */${file.size}` }).end();
    return;
  }
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.size}`);
  response.writeHead(range ? 206 : 200, { 'Content-Length': end - start + 1 });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(folder + name, { start, end })
      .on('error', () => response.destroy())
      .pipe(response);
}
