/** Qwen 2 and 2.5. */
import type { Architecture } from '../architecture.ts';
import { decoderNames, decoderValues, qwenRope } from '../decoder.ts';

export const qwen2: Architecture = {
  sources: ['Qwen2ForCausalLM'],
  name: 'qwen2',
  names: decoderNames,
  values: config => ({ ...decoderValues(config), ...qwenRope(config) }),
};
