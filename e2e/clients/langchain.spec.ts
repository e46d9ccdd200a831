import { expect, test } from '@playwright/test';
import { createToolCaller, weatherSchema } from '../made-models.ts';
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

test('@langchain/ollama: calls of tools, an answer by a schema, and vectors', async ({ page }) => {
  await useClient(page, "export * from '@langchain/ollama';");
  await openPlayground(page);
  await pullTinyModel(page);
  await createToolCaller(page);
  const result = await page.evaluate(
    async ([model, parameters]) => {
      const { ChatOllama, OllamaEmbeddings } = importClient<Client>();
      const tools = [
        { type: 'function' as const, function: { name: 'get_weather', description: 'w', parameters } },
      ];
      const caller = new ChatOllama({ model: 'parrot-tool' }).bindTools(tools);
      const { tool_calls } = await caller.invoke('Is it warm in Rome?');
      const schema = { type: 'object', properties: { warm: { type: 'boolean' } }, required: ['warm'] };
      const { content } = await new ChatOllama({ model, format: schema, seed: 1 }).invoke('Is it warm?');
      await fetch('/api/pull', { method: 'POST', body: '{"model":"all-minilm","stream":false}' });
      const vectors = await new OllamaEmbeddings({ model: 'all-minilm' }).embedDocuments(['a', 'b']);
      return { tool_calls, content, widths: vectors.map(({ length }) => length) };
    },
    [tinyModel, weatherSchema] as const,
  );
  expect(result.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Rome' } }]);
  expect(JSON.parse(result.content as string)).toEqual({ warm: expect.any(Boolean) });
  expect(result.widths).toEqual([384, 384]);
});
