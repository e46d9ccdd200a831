/** `quantize` of create: what Ollama refuses, and what it has nothing to do for. Nothing is quantized here. */
import { modelConfig, StatusError } from '@tabllama/api';
import type { Gguf } from '@tabllama/gguf';

const types = new Map([
  ['Q4_K', 'Q4_K_M'],
  ...['F32', 'F16', 'BF16', 'Q8_0', 'Q4_K_S', 'Q4_K_M'].map((type): [string, string] => [type, type]),
]);
const unquantized = ['F16', 'BF16', 'F32'];

/** Throws StatusError unless the weights have the wanted type already. */
export function checkQuantize(wanted: string | undefined, weights: readonly Gguf[]): void {
  if (!wanted) return;
  const upper = wanted.toUpperCase();
  for (const gguf of weights) {
    const type = types.get(upper);
    if (type === undefined) {
      const known = 'F32, F16, Q4_K_S, Q4_K_M, Q8_0';
      throw new StatusError(500, `unsupported quantization type ${upper} - supported types are ${known}`);
    }
    const has = modelConfig(gguf, []).file_type;
    if (!unquantized.includes(has)) {
      throw new StatusError(500, 'quantization is only supported for F16, BF16 and F32 models');
    }
    if (has !== type) {
      throw new StatusError(501, `quantizing ${has} to ${type} is not supported: use a GGUF of that type`);
    }
  }
}
