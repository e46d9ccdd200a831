/** Qwen 3, dense. Ollama has the mapping, but does not offer it. */
import type { Architecture } from '../architecture.ts';
import { decoderNames, decoderValues, qwenRope } from '../decoder.ts';

export const qwen3: Architecture = {
  sources: ['Qwen3ForCausalLM'],
  name: 'qwen3',
  names: decoderNames,
  values: config => ({ ...decoderValues(config), ...qwenRope(config) }),
};
