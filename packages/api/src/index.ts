/** The nouns that everyone shares: the `Engine` and `Store` interfaces and the one error class that becomes HTTP. */
export type * from './engine.ts';
export { modelConfig } from './model-config.ts';
export { defaultHost, displayName, fullName, modelSource, parseModelName, sameName } from './name.ts';
export { StatusError } from './status-error.ts';
export type * from './store.ts';
