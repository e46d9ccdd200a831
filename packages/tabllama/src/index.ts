/** Ollama's API in a web page: `install()` it, and `fetch('/api/chat', …)` is answered by a worker of the page itself. */
import { type InstallOptions, installWith, type Tabllama } from './page/install.ts';

export type { InstallOptions, Tabllama } from './page/install.ts';
export type { DeviceDescription, LoadProgress } from './wire/message.ts';

/**
 * Answers Ollama's routes in this page from the moment it is called, and starts the worker. Resolves when the worker runs;
 * where it cannot, resolves as well, and every request is answered with a status 500 that says why.
 * Rejects when tabllama is installed already, and for a name, a URL or an origin that is none.
 */
export function install(options: InstallOptions = {}): Promise<Tabllama> {
  return installWith(ownWorker, options);
}

/**
 * Bundlers look for the expression of the last line. Vite's development server moves the code of packages into a folder of its own,
 * and before Vite 8 leaves behind the worker that lies beside it.
 */
function ownWorker(): Worker {
  const moved = /^(.*)\.vite\/deps\//.exec(import.meta.url);
  if (moved) return new Worker(`${moved[1]}tabllama/dist/worker.js`, { type: 'module', name: 'tabllama' });
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'tabllama' });
}
