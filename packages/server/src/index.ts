/** Ollama's HTTP API as `Request → Response`, over any engine and any store. */
export { createServer, type Server, type ServerOptions } from './server.ts';
