/** The worker: the server behind `install()`. A page that makes its own worker imports this module there. */
import { expose } from 'comlink';
import { type Backend, compose } from './compose.ts';
import { isReader, serveChunks } from './reader.ts';
import type { WorkerApi } from './wire/message.ts';
import { serveRequests } from './wire/serve.ts';

let backend: Backend;

const api: WorkerApi = {
  async start(options, page) {
    backend = compose(options, page);
  },
  fetch: serveRequests(request => backend.fetch(request)),
  device: () => backend.device(),
};
if (isReader()) serveChunks();
else expose(api);
