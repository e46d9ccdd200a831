/** Our engine: a GGUF model loaded, its KV cache kept, tokens sampled, text streamed. */
export { createEngine, type EngineOptions } from './engine.ts';
