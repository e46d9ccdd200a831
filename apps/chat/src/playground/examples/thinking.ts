import { type ExampleGroup, post } from './example.ts';
import { thinker } from './made-models.ts';
import { ask, prompt } from './material.ts';

const model = 'smollm2-thinking';
const thinks = {
  before: [thinker],
  note: 'A model that thinks first is made of the default one, by its template and an exchange that shows how.',
};

export const thinking: ExampleGroup = {
  title: 'Thinking',
  examples: [
    post('Streaming', '/api/chat', { model, messages: ask, think: true }, thinks),
    post('No streaming', '/api/chat', { model, messages: ask, think: true, stream: false }, thinks),
    post('Without thinking', '/api/chat', { model, messages: ask, think: false, stream: false }, thinks),
    post('Generate', '/api/generate', { model, prompt, think: true, stream: false }, thinks),
  ],
};
