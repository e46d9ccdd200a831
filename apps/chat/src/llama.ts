/** The one place where the pages install tabllama, and where the models lie that come with the app. */
import { type InstallOptions, install, type Tabllama } from 'tabllama';

export const defaultModel = 'smollm2:135m';
/** sha256 of its file: what is pulled has to have it. */
export const defaultModelSha256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
/**
 * How the chat asks it; any other model has its own parameters. So small a model finds several first words about as likely and
 * wanders off when it draws among them; now and then it repeats itself without end.
 */
export const defaultModelOptions = { temperature: 0, num_predict: 1024 };

/** Makes vectors of texts, for the playground. */
export const embeddingModel = 'all-minilm';
const embeddingModelSha256 = '19475db2a21164a98047ee55b94a1781f3b5eb093b2eff794eb0016872c4b96e';

export function installLlama(onProgress?: InstallOptions['onProgress']): Promise<Tabllama> {
  const models = {
    [defaultModel]: `/models/smollm2-135m-instruct-q4_1.gguf#sha256=${defaultModelSha256}`,
    [embeddingModel]: `/models/all-minilm-l6-v2-q8_0.gguf#sha256=${embeddingModelSha256}`,
  };
  return install({ models, onProgress });
}
