/** The one place where the pages install tabllama, and where the embedded default model lies. */
import { type InstallOptions, install, type Tabllama } from 'tabllama';

export const defaultModel = 'smollm2:135m';

export function installLlama(onProgress?: InstallOptions['onProgress']): Promise<Tabllama> {
  return install({ models: { [defaultModel]: '/models/smollm2-135m-instruct-q4_1.gguf' }, onProgress });
}
