/** Models in IndexedDB: content-addressed blobs and Ollama's manifests, and pulling them from the web. */
export { type FindToken, withTokens } from './access.ts';
export type { ReadChunk } from './chunks.ts';
export { createStore, openReadChunk, type StoreOptions } from './store.ts';
