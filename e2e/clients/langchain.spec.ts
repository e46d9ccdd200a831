import { expect, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('@langchain/ollama');

test('@langchain/ollama: a chat model and a completion model, streamed and whole', async ({ page }) => {
  await useClient(page, "export * from '@langchain/ollama';");
  await openPlayground(page);
  await pullTinyModel(page);
  const result = await page.evaluate(async model => {
    const { ChatOllama, Ollama } = importClient<Client>();
    const options = { model, temperature: 0, numPredict: 8 };
    const chat = new ChatOllama(options);
    const whole = await chat.invoke('Once upon a time');
    let said = '';
    for await (const chunk of await chat.stream('Once upon a time')) said += chunk.content;
    const text = await new Ollama(options).invoke('Once upon a time');
    return { content: whole.content, usage: whole.usage_metadata, said, text };
  }, tinyModel);
  expect(result.said).toMatch(/\w/);
  expect(result.content).toBe(result.said);
  expect(result.usage).toMatchObject({ output_tokens: 8 });
  expect(result.text).toMatch(/\w/);
});
