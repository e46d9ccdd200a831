/** Models in IndexedDB: content-addressed blobs and Ollama's manifests, and pulling them from the web. */
export { createStore, type StoreOptions } from './store.ts';
