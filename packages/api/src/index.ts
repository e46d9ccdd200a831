/** The nouns that everyone shares: the `Engine` and `Store` interfaces, names and addresses, and the one error class that becomes HTTP. */
export type * from './engine.ts';
export { MEDIA_TYPES, readDigest } from './manifest.ts';
export { modelConfig } from './model-config.ts';
export {
  defaultHost,
  displayName,
  filledName,
  fullName,
  modelSource,
  parseModelName,
  sameName,
} from './name.ts';
export { readBytes, readText, startOfText } from './read-body.ts';
export { remoteUrl } from './remote-url.ts';
export { NoRoomError, runnerError, StatusError } from './status-error.ts';
export type * from './store.ts';
