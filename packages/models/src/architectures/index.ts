/** The table of architectures: a new one is a file beside this one and a line here. */
import type { Gguf } from '@tabllama/gguf';
import { type Architecture, ModelError } from '../architecture.ts';
import { llama } from './llama.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

export const architectures: readonly Architecture[] = [llama, qwen2, qwen3];

/** The architecture of a file. Throws ModelError that names what the file asks for. */
export function findArchitecture(gguf: Gguf): Architecture {
  const name = gguf.metadata.get('general.architecture');
  const found = architectures.find(architecture => architecture.name === name);
  if (!found) {
    const known = architectures.map(architecture => architecture.name).join(', ');
    throw new ModelError(`unknown model architecture: '${String(name)}' (this engine runs ${known})`);
  }
  return found;
}
