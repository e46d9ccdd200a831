import { expect, test } from '@playwright/test';
import { createToolCaller, weatherSchema } from '../made-models.ts';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('ai') & typeof import('ai-sdk-ollama/browser');

const exports =
  "export { embedMany, generateObject, generateText, jsonSchema, streamText, tool } from 'ai'; export { createOllama } from 'ai-sdk-ollama/browser';";

test('ai with ai-sdk-ollama: text, streamed and whole', async ({ page }) => {
  await useClient(page, exports);
  await openPlayground(page);
  await pullTinyModel(page);
  const result = await page.evaluate(async name => {
    const { createOllama, generateText, streamText } = importClient<Client>();
    const model = createOllama({ baseURL: 'http://localhost:11434' })(name);
    const request = { model, prompt: 'Once upon a time', temperature: 0, maxOutputTokens: 8 };
    const { text, finishReason, usage } = await generateText(request);
    let streamed = '';
    for await (const part of streamText(request).textStream) streamed += part;
    return { text, finishReason, tokens: usage.outputTokens, streamed };
  }, tinyModel);
  expect(result.text).toMatch(/\w/);
  expect(result).toMatchObject({ finishReason: 'length', tokens: 8, streamed: result.text });
});

test('ai with ai-sdk-ollama: calls of tools, an object, and vectors', async ({ page }) => {
  await useClient(page, exports);
  await openPlayground(page);
  await pullTinyModel(page);
  await createToolCaller(page);
  const result = await page.evaluate(
    async ([name, parameters]) => {
      const { createOllama, embedMany, generateObject, generateText, jsonSchema, tool } =
        importClient<Client>();
      const ollama = createOllama({ baseURL: 'http://localhost:11434' });
      const inputSchema = jsonSchema<{ city: string }>(parameters);
      const { toolCalls } = await generateText({
        model: ollama('parrot-tool'),
        prompt: 'Is it warm in Rome?',
        tools: { get_weather: tool({ description: 'The weather', inputSchema }) },
      });
      const schema = jsonSchema<{ warm: boolean }>({
        type: 'object',
        properties: { warm: { type: 'boolean' } },
        required: ['warm'],
      });
      const { object } = await generateObject({
        model: ollama(name),
        prompt: 'Is it warm?',
        schema,
        seed: 1,
      });
      await fetch('/api/pull', { method: 'POST', body: '{"model":"all-minilm","stream":false}' });
      const { embeddings } = await embedMany({ model: ollama.embedding('all-minilm'), values: ['a', 'b'] });
      return { toolCalls, object, widths: embeddings.map(({ length }) => length) };
    },
    [tinyModel, weatherSchema] as const,
  );
  expect(result.toolCalls).toMatchObject([{ toolName: 'get_weather', input: { city: 'Rome' } }]);
  expect(result.object).toEqual({ warm: expect.any(Boolean) });
  expect(result.widths).toEqual([384, 384]);
});
