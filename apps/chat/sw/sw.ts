/**
 * The shell for visits without a network: the files of one build, kept together under their common version. It answers for
 * these files and for nothing else; models live in IndexedDB, and Ollama's routes never come this far.
 *
 * A newer build waits until the last page of the older one is closed, so a page never sees halves of two builds. Pages
 * themselves are asked of the network first, so being online always shows the newest build.
 */

/** Written in front of this script by the build. */
declare const __VERSION__: string;
declare const __FILES__: readonly string[];
declare const self: ServiceWorkerGlobalScope;

export {};

const prefix = 'shell-';
const cacheName = prefix + __VERSION__;
const files = new Set(__FILES__);

self.addEventListener('install', event => {
  event.waitUntil(precache());
});

async function precache(): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.addAll(__FILES__.map(file => new Request(file, { cache: 'no-cache' })));
}

self.addEventListener('activate', event => {
  event.waitUntil(takeOver());
});

async function takeOver(): Promise<void> {
  const old = (await caches.keys()).filter(name => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(old.map(name => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('fetch', event => {
  const { request } = event;
  const url = new URL(request.url);
  const file = url.pathname === '/' ? '/index.html' : url.pathname;
  if (request.method !== 'GET' || url.origin !== self.location.origin || !files.has(file)) return;
  event.respondWith(file.endsWith('.html') ? fresh(request, file) : kept(request, file));
});

async function fresh(request: Request, file: string): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) return response;
  } catch {
    // offline: what is kept is what there is
  }
  return kept(request, file);
}

async function kept(request: Request, file: string): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match(file)) ?? fetch(request);
}
