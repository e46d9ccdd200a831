import { expect, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('ai') & typeof import('ai-sdk-ollama/browser');

test('ai with ai-sdk-ollama: text, streamed and whole', async ({ page }) => {
  await useClient(
    page,
    "export { generateText, streamText } from 'ai'; export { createOllama } from 'ai-sdk-ollama/browser';",
  );
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
