/** `info` of create: what is to be told of a model instead of what its file says. */
import { type ModelConfig, StatusError } from '@tabllama/api';

const texts = {
  model_family: 'model_family',
  base_name: 'base_name',
  quantization_level: 'file_type',
  parameter_size: 'model_type',
} as const;
const numbers = ['context_length', 'embedding_length'] as const;

/** What `info` changes in a config. Throws StatusError 400 for a wrong type; for `capabilities`, as Ollama, it changes nothing. */
export function readInfo(
  info: Readonly<Record<string, unknown>> = {},
  base: Partial<ModelConfig> = {},
): Partial<ModelConfig> {
  const config: Record<string, unknown> = {};
  const { capabilities } = info;
  if (Array.isArray(capabilities)) {
    const more = capabilities.filter(one => typeof one === 'string');
    config.capabilities = [...(base.capabilities ?? []), ...more];
  }
  for (const [field, key] of Object.entries(texts)) {
    const value = field in info ? info[field] : '';
    if (typeof value !== 'string') throw new StatusError(400, `info field "${field}" must be a string`);
    if (value !== '') config[key] = value;
    if (value !== '' && field === 'model_family') {
      config.model_families = [value, ...(base.model_families ?? [])];
    }
  }
  for (const field of numbers) {
    const value = field in info ? info[field] : 0;
    if (typeof value !== 'number') throw new StatusError(400, `info field "${field}" must be a number`);
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new StatusError(400, `info field "${field}" must be a non-negative integer`);
    }
    if (value > 0) config[field] = value;
  }
  return config;
}
