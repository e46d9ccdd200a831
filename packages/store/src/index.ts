/** Models in IndexedDB: content-addressed blobs and Ollama's manifests, and pulling them from the web. */
export { type FindToken, withTokens } from './access.ts';
export { createStore, type StoreOptions } from './store.ts';
