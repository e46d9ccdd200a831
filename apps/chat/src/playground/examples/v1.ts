/** The APIs of OpenAI and Anthropic, as far as Ollama has them. */
import { embeddingModel, defaultModel as model } from '../../llama.ts';
import { type ExampleGroup, get, post } from './example.ts';
import { pullEmbedder, toolUser } from './made-models.ts';
import { ask, country, prompt, weatherTool } from './material.ts';

const askTokyo = [{ role: 'user', content: 'what is the weather in tokyo?' }];

export const openai: ExampleGroup = {
  title: 'OpenAI’s API',
  examples: [
    post('Chat completion', '/v1/chat/completions', { model, messages: ask, max_tokens: 100 }),
    post('Chat completion, streaming', '/v1/chat/completions', {
      model,
      messages: ask,
      max_tokens: 100,
      stream: true,
      stream_options: { include_usage: true },
    }),
    post('Structured output', '/v1/chat/completions', {
      model,
      messages: [{ role: 'user', content: 'Tell me about Canada.' }],
      response_format: { type: 'json_schema', json_schema: { name: 'country', schema: country } },
      temperature: 0,
      max_tokens: 100,
    }),
    post(
      'With tools',
      '/v1/chat/completions',
      { model: 'smollm2-tools', messages: askTokyo, tools: [weatherTool], temperature: 0 },
      { before: [toolUser] },
    ),
    post('Completion', '/v1/completions', { model, prompt: 'Once upon a time', max_tokens: 50 }),
    post('Response', '/v1/responses', { model, input: prompt, max_output_tokens: 100 }),
    post('Response, streaming', '/v1/responses', {
      model,
      input: prompt,
      max_output_tokens: 100,
      stream: true,
    }),
    post(
      'Embeddings',
      '/v1/embeddings',
      { model: embeddingModel, input: [prompt, 'Why is the grass green?'] },
      { before: [pullEmbedder] },
    ),
    get('Models', '/v1/models'),
    get('One model', `/v1/models/${model}`),
  ],
};

export const anthropic: ExampleGroup = {
  title: 'Anthropic’s API',
  examples: [
    post('Message', '/v1/messages', { model, messages: ask, max_tokens: 100 }),
    post('Message, streaming', '/v1/messages', { model, messages: ask, max_tokens: 100, stream: true }),
    post(
      'With tools',
      '/v1/messages',
      {
        model: 'smollm2-tools',
        messages: askTokyo,
        max_tokens: 100,
        temperature: 0,
        tools: [
          {
            name: weatherTool.function.name,
            description: weatherTool.function.description,
            input_schema: weatherTool.function.parameters,
          },
        ],
      },
      { before: [toolUser] },
    ),
  ],
};
