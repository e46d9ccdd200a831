/**
 * The published `script.js`, for pages that one does not build: a classic script that installs tabllama before any other script of
 * the page runs that stands below it. `data-options` has the options of `install()` as JSON, and `workers`: whether workers of the front-end
 * are answered too; `tabllama` is what `install()` returns.
 */
import { installWith, type Tabllama } from './install.ts';
import { installInWorkers, standAt, type Tag } from './own-workers.ts';

declare global {
  var tabllama: Promise<Tabllama>;
  var tabllamaTag: Tag | undefined;
}

const tag = globalThis.tabllamaTag ?? ownTag();
if (tag.script) standAt(tag.script);
const { workers, ...options } = JSON.parse(tag.options ?? '{}');
globalThis.tabllama = installWith(() => startWorker(new URL('worker.js', tag.src)), options, tag.base);
if (workers) installInWorkers(tag);

function ownTag(): Tag {
  const { src, dataset } = document.currentScript as HTMLScriptElement;
  return { src, options: dataset.options };
}

/**
 * A worker is of the page's own origin, and in an isolated page its file says so by a header: one that is made here and imports the
 * real one needs neither, but a policy that allows `blob:`.
 */
function startWorker(url: URL): Worker {
  const importing = () => new Blob([`import ${JSON.stringify(url)}`], { type: 'text/javascript' });
  const direct = url.origin === location.origin && !crossOriginIsolated;
  return new Worker(direct ? url : URL.createObjectURL(importing()), { type: 'module', name: 'tabllama' });
}
