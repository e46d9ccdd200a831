import { embeddingModel as model } from '../../llama.ts';
import { type ExampleGroup, post } from './example.ts';
import { pullEmbedder } from './made-models.ts';
import { prompt } from './material.ts';

const fetched = { before: [pullEmbedder], note: 'A model for embeddings is pulled first: 25 MB.' };

export const embed: ExampleGroup = {
  title: 'Generate embeddings',
  examples: [
    post('One text', '/api/embed', { model, input: prompt }, fetched),
    post('Multiple input', '/api/embed', { model, input: [prompt, 'Why is the grass green?'] }, fetched),
  ],
};

export const embeddings: ExampleGroup = {
  title: 'Generate embedding',
  examples: [
    post(
      'The older endpoint',
      '/api/embeddings',
      { model, prompt: 'Here is an article about llamas...' },
      fetched,
    ),
  ],
};
