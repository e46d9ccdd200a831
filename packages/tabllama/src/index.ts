/** Ollama's API in a web page: `install()` it, and `fetch('/api/chat', …)` is answered by a worker of the page itself. */
export type { InstallOptions, Tabllama } from './page/install.ts';
export { install } from './page/install.ts';
export type { DeviceDescription, LoadProgress } from './wire/message.ts';
