/** What `create` begins with. */
import type { Layer, ModelConfig } from '@tabllama/api';
import type { Gguf } from '@tabllama/gguf';

export interface Base {
  readonly layers: readonly Layer[];
  readonly config: Partial<ModelConfig>;
  /** Headers of the weights, one for each file that is a model. */
  readonly weights: readonly Gguf[];
  /** The weights come from files of the request, and are checked once more before they become layers. */
  readonly isNew: boolean;
}

export const media = 'application/vnd.ollama.image.';

/** The config of a model whose weights say nothing, as Ollama writes it. */
export const emptyConfig: ModelConfig = {
  model_format: '',
  model_family: '',
  model_families: null,
  model_type: '',
  file_type: '',
  architecture: 'amd64',
  os: 'linux',
};
