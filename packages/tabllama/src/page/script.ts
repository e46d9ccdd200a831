/**
 * The published `script.js`, for pages that one does not build: a classic script that installs tabllama before any other script of
 * the page runs that stands below it. `data-options` has the options of `install()` as JSON; `tabllama` is what `install()` returns.
 */
import { installWith, type Tabllama } from './install.ts';

declare global {
  var tabllama: Promise<Tabllama>;
}

const { src, dataset } = document.currentScript as HTMLScriptElement;

globalThis.tabllama = installWith(
  () => startWorker(new URL('worker.js', src)),
  JSON.parse(dataset.options ?? '{}'),
);

/**
 * A worker is of the page's own origin, and in an isolated page its file says so by a header: one that is made here and imports the
 * real one needs neither, but a policy that allows `blob:`.
 */
function startWorker(url: URL): Worker {
  const importing = () => new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' });
  const direct = url.origin === location.origin && !crossOriginIsolated;
  return new Worker(direct ? url : URL.createObjectURL(importing()), { type: 'module' });
}
