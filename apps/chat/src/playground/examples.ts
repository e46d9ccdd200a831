/** The examples of Ollama's API page, with the embedded model and prompts that suit its size. */
import { defaultModelSha256, embeddingModel, defaultModel as model } from '../llama.ts';

export interface Example {
  readonly title: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly path: string;
  /** JSON, or text that is sent as it stands. */
  readonly body?: object | string;
  readonly note?: string;
}

export interface ExampleGroup {
  readonly title: string;
  readonly examples: readonly Example[];
}

const modelDigest = `sha256:${defaultModelSha256}`;
/** Of the text “hello”. */
const helloDigest = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

const prompt = 'Why is the sky blue?';
const ask = [{ role: 'user', content: prompt }];

/** The schemas of Ollama's page on structured outputs. */
const availability = {
  type: 'object',
  properties: { age: { type: 'integer' }, available: { type: 'boolean' } },
  required: ['age', 'available'],
};
const country = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    capital: { type: 'string' },
    languages: { type: 'array', items: { type: 'string' } },
  },
  required: ['name', 'capital', 'languages'],
};

function post(title: string, path: string, body: object | string, note?: string): Example {
  return { title, method: 'POST', path, body, note };
}

export const exampleGroups: readonly ExampleGroup[] = [
  {
    title: 'Models',
    examples: [
      post('Pull a model', '/api/pull', { model }, 'Start here: the other examples need the model.'),
      post('Pull, not streaming', '/api/pull', { model, stream: false }),
      { title: 'List local models', method: 'GET', path: '/api/tags' },
      post('Show a model', '/api/show', { model }),
      post(
        'Show, verbose',
        '/api/show',
        { model, verbose: true },
        'With the whole vocabulary: a large answer.',
      ),
      { title: 'List running models', method: 'GET', path: '/api/ps' },
      post('Copy a model', '/api/copy', { source: model, destination: 'llama-backup' }),
      { title: 'Delete a model', method: 'DELETE', path: '/api/delete', body: { model: 'llama-backup' } },
    ],
  },
  {
    title: 'Generate',
    examples: [
      post('Streaming', '/api/generate', { model, prompt }),
      post('Not streaming', '/api/generate', { model, prompt, stream: false }),
      post('Raw mode', '/api/generate', {
        model,
        prompt: '<|im_start|>user\nName three colours.<|im_end|>\n<|im_start|>assistant\n',
        raw: true,
        stream: false,
      }),
      post(
        'Reproducible outputs',
        '/api/generate',
        { model, prompt, stream: false, options: { seed: 123, num_predict: 32 } },
        'The same seed gives the same text, every time.',
      ),
      post('With options', '/api/generate', {
        model,
        prompt,
        stream: false,
        options: {
          num_keep: 5,
          seed: 42,
          num_predict: 100,
          top_k: 20,
          top_p: 0.9,
          min_p: 0.0,
          typical_p: 0.7,
          repeat_last_n: 33,
          temperature: 0.8,
          repeat_penalty: 1.2,
          presence_penalty: 1.5,
          frequency_penalty: 1.0,
          stop: ['\n', 'user:'],
          num_ctx: 1024,
        },
      }),
      post('With a system text', '/api/generate', {
        model,
        prompt,
        system: 'You answer in one short sentence.',
      }),
      post(
        'With a suffix',
        '/api/generate',
        { model, prompt: 'def compute_gcd(a, b):', suffix: '    return result', stream: false },
        'For code models. This one cannot insert, and says so.',
      ),
      post('JSON mode', '/api/generate', {
        model,
        prompt: 'What color is the sky at different times of the day? Respond using JSON',
        format: 'json',
        stream: false,
        options: { num_predict: 200 },
      }),
      post(
        'Structured output',
        '/api/generate',
        {
          model,
          prompt: 'Ollama is 22 years old and is busy saving the world. Respond using JSON',
          stream: false,
          format: availability,
        },
        'Every token is chosen among those that the schema allows.',
      ),
      post('Load the model', '/api/generate', { model }),
      post('Unload the model', '/api/generate', { model, keep_alive: 0 }),
    ],
  },
  {
    title: 'Chat',
    examples: [
      post('Streaming', '/api/chat', { model, messages: ask }),
      post('Not streaming', '/api/chat', { model, messages: ask, stream: false }),
      post('With history', '/api/chat', {
        model,
        messages: [
          ...ask,
          { role: 'assistant', content: 'Due to Rayleigh scattering.' },
          { role: 'user', content: 'How is that different from Mie scattering?' },
        ],
      }),
      post('With a system message', '/api/chat', {
        model,
        messages: [{ role: 'system', content: 'You answer like a pirate.' }, ...ask],
      }),
      post('Reproducible outputs', '/api/chat', {
        model,
        messages: ask,
        options: { seed: 101, temperature: 0 },
      }),
      post('Structured output', '/api/chat', {
        model,
        messages: [{ role: 'user', content: 'Tell me about Canada.' }],
        format: country,
        options: { temperature: 0, num_predict: 200 },
      }),
      post(
        'A schema that cannot be enforced',
        '/api/chat',
        {
          model,
          messages: ask,
          format: { type: 'object', properties: { twice: { type: 'string', pattern: '^(.+)\\1$' } } },
        },
        'It is refused, with the place and the keyword, instead of being kept in part.',
      ),
      post('Load the model', '/api/chat', { model, messages: [] }),
      post('Unload the model', '/api/chat', { model, messages: [], keep_alive: 0 }),
    ],
  },
  {
    title: 'Create',
    examples: [
      post('From an existing model', '/api/create', {
        model: 'mario',
        from: model,
        system: 'You are Mario from Super Mario Bros.',
        parameters: { temperature: 0.5 },
      }),
      post('Ask the created model', '/api/chat', {
        model: 'mario',
        messages: [{ role: 'user', content: 'Who are you?' }],
      }),
      post(
        'From a GGUF file',
        '/api/create',
        { model: 'my-gguf-model', files: { 'model.gguf': modelDigest } },
        'The blob of the embedded model, once that is pulled.',
      ),
      { title: 'Delete the created model', method: 'DELETE', path: '/api/delete', body: { model: 'mario' } },
    ],
  },
  {
    title: 'Embeddings',
    examples: [
      post('Pull an embedding model', '/api/pull', { model: embeddingModel }, '25 MB.'),
      post('Embed a text', '/api/embed', { model: embeddingModel, input: prompt }),
      post('Embed several texts', '/api/embed', {
        model: embeddingModel,
        input: [prompt, 'Why is the grass green?'],
      }),
      post(
        'The older endpoint',
        '/api/embeddings',
        { model: embeddingModel, prompt: 'Here is an article about llamas...' },
        'One text, and nothing but its vector.',
      ),
    ],
  },
  {
    title: 'Blobs and server',
    examples: [
      { title: 'Is a blob there?', method: 'HEAD', path: `/api/blobs/${modelDigest}` },
      post(
        'Push a blob',
        `/api/blobs/${helloDigest}`,
        'hello',
        'The body is the blob; the digest in the path has to be its own.',
      ),
      { title: 'Version', method: 'GET', path: '/api/version' },
      {
        title: 'Version, at Ollama’s own address',
        method: 'GET',
        path: 'http://localhost:11434/api/version',
        note: 'Clients with their default host work too.',
      },
      { title: 'Is it running?', method: 'GET', path: 'http://localhost:11434/' },
    ],
  },
];
