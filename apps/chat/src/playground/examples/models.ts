/** Making, keeping and moving models and their blobs. */
import { defaultModelSha256, defaultModel as model } from '../../llama.ts';
import { type Example, type ExampleGroup, get, post } from './example.ts';

const modelDigest = `sha256:${defaultModelSha256}`;
/** Of the text “hello”. */
const helloDigest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
/** Of nothing that is here. */
const otherDigest = `sha256:${'0'.repeat(64)}`;

const backup = 'smollm2-backup';
const copy = post('Copy a model', '/api/copy', { source: model, destination: backup });

export const pull: Example = post(
  'Pull a model',
  '/api/pull',
  { model },
  { note: 'The default model of the examples, 98 MB; once it is here, nothing is fetched again.' },
);

export const create: ExampleGroup = {
  title: 'Create a model',
  examples: [
    post('From an existing model', '/api/create', {
      model: 'mario',
      from: model,
      system: 'You are Mario from Super Mario Bros.',
    }),
    post(
      'Quantize a model',
      '/api/create',
      { model: 'smollm2:quantized', from: model, quantize: 'q4_K_M' },
      { note: 'This one is quantized already: Ollama’s answer then.' },
    ),
    post(
      'From GGUF',
      '/api/create',
      { model: 'my-gguf-model', files: { 'test.gguf': modelDigest } },
      { note: 'The blob is that of the default model.' },
    ),
    post(
      'From a Safetensors directory',
      '/api/create',
      { model: 'fred', files: { 'config.json': otherDigest, 'model.safetensors': otherDigest } },
      { note: 'Its files are converted in the page, once they are pushed as blobs; these are not here.' },
    ),
  ],
};

export const blobs: ExampleGroup = {
  title: 'Blobs',
  examples: [
    { title: 'Check if a blob exists', method: 'HEAD', path: `/api/blobs/${modelDigest}` },
    post('Push a blob', `/api/blobs/${helloDigest}`, 'hello', {
      note: 'The body is the blob; the digest in the path has to be its own.',
    }),
  ],
};

export const models: ExampleGroup = {
  title: 'Models',
  examples: [
    get('List local models', '/api/tags'),
    post('Show model information', '/api/show', { model }),
    post(
      'Show, verbose',
      '/api/show',
      { model, verbose: true },
      { note: 'With the whole vocabulary: a large answer.' },
    ),
    copy,
    {
      title: 'Delete a model',
      method: 'DELETE',
      path: '/api/delete',
      body: { model: backup },
      before: [copy],
    },
    pull,
    post('Pull, no streaming', '/api/pull', { model, stream: false }),
    post(
      'Push a model',
      '/api/push',
      { model: 'mattw/pygmalion:latest' },
      { note: 'That model is not here: Ollama’s answer then, in the lines of the stream.' },
    ),
  ],
};
