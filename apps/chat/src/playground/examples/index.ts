/** The examples of Ollama's API page, in its order, with models that are here; then those of its other pages and APIs. */
import { chat } from './chat.ts';
import { embed, embeddings } from './embeddings.ts';
import { type ExampleGroup, get } from './example.ts';
import { generate } from './generate.ts';
import { blobs, create, models, pull } from './models.ts';
import { structured } from './structured.ts';
import { thinking } from './thinking.ts';
import { anthropic, openai } from './v1.ts';

export type { Example, ExampleGroup, ExampleRequest } from './example.ts';

const ownAddress = 'http://localhost:11434';

export const exampleGroups: readonly ExampleGroup[] = [
  { title: 'Start here', examples: [{ ...pull, title: 'Pull the model' }] },
  generate,
  chat,
  create,
  blobs,
  models,
  embed,
  { title: 'Running models', examples: [get('List running models', '/api/ps')] },
  embeddings,
  { title: 'Version', examples: [get('Version', '/api/version')] },
  structured,
  thinking,
  openai,
  anthropic,
  {
    title: 'Ollama’s own address',
    examples: [
      get('Version there', `${ownAddress}/api/version`, 'Clients with their default host work too.'),
      get('Is it running?', `${ownAddress}/`),
    ],
  },
];
