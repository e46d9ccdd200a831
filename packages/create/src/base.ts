/** What `create` begins with. */
import { type Layer, MEDIA_TYPES, type ModelConfig } from '@tabllama/api';
import type { GgufFile } from '@tabllama/gguf';
import type { NewModel } from './new-model.ts';

export interface Base {
  readonly models: readonly (StoredModel | NewModel)[];
  /** Everything but the models' own layers. */
  readonly layers: readonly Layer[];
  readonly config: Partial<ModelConfig>;
  /** The weights come from files of the request. */
  readonly isNew: boolean;
}

/** A model whose weights lie in the store: in one file, or in several. */
export interface StoredModel extends GgufFile {
  readonly layers: readonly Layer[];
}

export const media = MEDIA_TYPES.layer;

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
