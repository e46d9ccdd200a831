/** Our engine: a GGUF model loaded, its KV cache kept, tokens sampled, text streamed. */
export { createEngine, type EngineOptions, type Open } from './engine.ts';
