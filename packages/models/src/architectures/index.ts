/** The tables of architectures: a new one is a file beside this one and a line here. */
import type { Gguf } from '@tabllama/gguf';
import { type Architecture, type EncoderArchitecture, ModelError } from '../architecture.ts';
import { bert } from './bert.ts';
import { llama } from './llama.ts';
import { nomicBert } from './nomic-bert.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

export const architectures: readonly Architecture[] = [llama, qwen2, qwen3];
export const encoders: readonly EncoderArchitecture[] = [bert, nomicBert];

const nameOf = (gguf: Gguf) => gguf.metadata.get('general.architecture');

/** The architecture of a file that generates text. Throws ModelError that names what the file asks for. */
export function findArchitecture(gguf: Gguf): Architecture {
  const name = nameOf(gguf);
  const found = architectures.find(architecture => architecture.name === name);
  if (!found) {
    const known = [...architectures, ...encoders].map(architecture => architecture.name).join(', ');
    throw new ModelError(`unknown model architecture: '${String(name)}' (this engine runs ${known})`);
  }
  return found;
}

/** The architecture of a file that only makes vectors, or undefined. */
export const findEncoder = (gguf: Gguf): EncoderArchitecture | undefined =>
  encoders.find(architecture => architecture.name === nameOf(gguf));
