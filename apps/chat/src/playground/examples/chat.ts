import { defaultModel as model } from '../../llama.ts';
import { type ExampleGroup, post } from './example.ts';
import { toolUser } from './made-models.ts';
import { ask, availability, currentWeatherTool, image, weatherTool } from './material.ts';

const path = '/api/chat';

const usesTools = {
  before: [toolUser],
  note: 'A model whose template knows tools is made of the default one first, by its template alone.',
};
const askTokyo = {
  model: 'smollm2-tools',
  messages: [{ role: 'user', content: 'what is the weather in tokyo?' }],
  tools: [weatherTool],
};

export const chat: ExampleGroup = {
  title: 'Generate a chat completion',
  examples: [
    post('Streaming', path, { model, messages: ask }),
    post('Streaming, with tools', path, { ...askTokyo, stream: true }, usesTools),
    post('No streaming', path, { model, messages: ask, stream: false }),
    post('No streaming, with tools', path, { ...askTokyo, stream: false }, usesTools),
    post('Structured outputs', path, {
      model,
      messages: [
        {
          role: 'user',
          content:
            'Ollama is 22 years old and busy saving the world. Return a JSON object with the age and availability.',
        },
      ],
      stream: false,
      format: availability,
      options: { temperature: 0 },
    }),
    post('With history', path, {
      model,
      messages: [
        ...ask,
        { role: 'assistant', content: 'Due to Rayleigh scattering.' },
        { role: 'user', content: 'How is that different from Mie scattering?' },
      ],
    }),
    post(
      'With history, with tools',
      path,
      {
        model: 'smollm2-tools',
        messages: [
          { role: 'user', content: 'what is the weather in Toronto?' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Toronto' } } }],
          },
          { role: 'tool', content: '11 degrees celsius', tool_name: 'get_weather' },
        ],
        stream: false,
        tools: [weatherTool],
      },
      usesTools,
    ),
    post(
      'With images',
      path,
      { model, messages: [{ role: 'user', content: 'what is in this image?', images: [image] }] },
      { note: 'The model has no eyes: this is Ollama’s answer then.' },
    ),
    post('Reproducible outputs', path, {
      model,
      messages: [{ role: 'user', content: 'Hello!' }],
      options: { seed: 101, temperature: 0 },
    }),
    post(
      'With tools',
      path,
      {
        model: 'smollm2-tools',
        messages: [{ role: 'user', content: 'What is the weather today in Paris?' }],
        stream: false,
        tools: [currentWeatherTool],
      },
      usesTools,
    ),
    post('Load a model', path, { model, messages: [] }),
    post('Unload a model', path, { model, messages: [], keep_alive: 0 }),
  ],
};
