/**
 * The config blob that Ollama writes for a GGUF: family, parameter count and quantization in words. Formats and names are those
 * of `server/create.go`, `format/format.go` and `fs/ggml/type.go` in ollama/ollama.
 */
import type { Gguf } from '@tabllama/gguf';
import type { ModelConfig } from './store.ts';

/** Names of `general.file_type` by llama.cpp's number. Ollama takes 0 (F32) as not given, and knows no others. */
const fileTypes: Readonly<Record<number, string>> = {
  1: 'F16',
  2: 'Q4_0',
  3: 'Q4_1',
  4: 'MXFP4',
  7: 'Q8_0',
  8: 'Q5_0',
  9: 'Q5_1',
  10: 'Q2_K',
  11: 'Q3_K_S',
  12: 'Q3_K_M',
  13: 'Q3_K_L',
  14: 'Q4_K_S',
  15: 'Q4_K_M',
  16: 'Q5_K_S',
  17: 'Q5_K_M',
  18: 'Q6_K',
  21: 'Q2_K_S',
  32: 'BF16',
};

/** The config of a model of one file. */
export function modelConfig(gguf: Gguf): ModelConfig {
  const family = String(gguf.metadata.get('general.architecture') ?? '');
  return {
    model_format: 'gguf',
    model_family: family,
    model_families: [family],
    model_type: humanNumber(parameterCount(gguf)),
    file_type: fileTypes[Number(gguf.metadata.get('general.file_type'))] ?? 'unknown',
    architecture: 'amd64',
    os: 'linux',
  };
}

/** Weights of all tensors together. */
function parameterCount(gguf: Gguf): number {
  let count = 0;
  for (const { shape } of gguf.tensors.values()) count += shape.reduce((a, b) => a * b, 1);
  return count;
}

/** `134.52M`, `1.2B`, `3B`, `260K`, `12`. */
function humanNumber(count: number): string {
  const scaled = (unit: number, digits: number) => {
    const number = count / unit;
    return number.toFixed(Number.isInteger(number) ? 0 : digits);
  };
  if (count >= 1e9) return `${scaled(1e9, 1)}B`;
  if (count >= 1e6) return `${scaled(1e6, 2)}M`;
  if (count >= 1e3) return `${scaled(1e3, 0)}K`;
  return String(count);
}
