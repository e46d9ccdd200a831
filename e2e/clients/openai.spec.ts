import { expect, test } from '@playwright/test';
import { createToolCaller, weatherSchema } from '../made-models.ts';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('openai');

test('openai: models, chat and completions, streamed and whole', async ({ page }) => {
  await useClient(page, "export * from 'openai';");
  await openPlayground(page);
  await pullTinyModel(page);
  const result = await page.evaluate(async model => {
    const { OpenAI } = importClient<Client>();
    const baseURL = 'http://localhost:11434/v1';
    const client = new OpenAI({ baseURL, apiKey: 'none', dangerouslyAllowBrowser: true, maxRetries: 0 });
    const { data } = await client.models.list();
    const request = {
      model,
      messages: [{ role: 'user' as const, content: 'Once upon a time' }],
      max_tokens: 8,
      temperature: 0,
    };
    const whole = await client.chat.completions.create(request);
    let text = '';
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    const missing = await client.models.retrieve('nobody').catch(error => error.status);
    return { ids: data.map(({ id }) => id), whole, text, missing };
  }, tinyModel);
  expect(result.ids).toEqual([tinyModel]);
  expect(result.whole.choices[0]).toMatchObject({ finish_reason: 'length', message: { role: 'assistant' } });
  expect(result.whole.usage).toMatchObject({ completion_tokens: 8 });
  expect(result.text).toBe(result.whole.choices[0].message.content);
  expect(result.missing).toBe(404);
});

test('openai: calls of tools, an answer by a schema, and vectors', async ({ page }) => {
  await useClient(page, "export * from 'openai';");
  await openPlayground(page);
  await pullTinyModel(page);
  await createToolCaller(page);
  const result = await page.evaluate(
    async ([model, parameters]) => {
      const { OpenAI } = importClient<Client>();
      const baseURL = 'http://localhost:11434/v1';
      const client = new OpenAI({ baseURL, apiKey: 'none', dangerouslyAllowBrowser: true, maxRetries: 0 });
      const messages = [{ role: 'user' as const, content: 'Is it warm in Rome?' }];
      const called = await client.chat.completions.create({
        model: 'parrot-tool',
        messages,
        tools: [{ type: 'function', function: { name: 'get_weather', parameters } }],
      });
      const schema = { type: 'object', properties: { warm: { type: 'boolean' } }, required: ['warm'] };
      const shaped = await client.chat.completions.create({
        model,
        messages,
        seed: 1,
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
      });
      await fetch('/api/pull', { method: 'POST', body: '{"model":"all-minilm","stream":false}' });
      const { data } = await client.embeddings.create({ model: 'all-minilm', input: ['a llama', 'a camel'] });
      return { called, shaped, widths: data.map(({ embedding }) => embedding.length) };
    },
    [tinyModel, weatherSchema] as const,
  );
  expect(result.called.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Rome"}' } }] },
  });
  expect(JSON.parse(result.shaped.choices[0].message.content!)).toEqual({ warm: expect.any(Boolean) });
  expect(result.widths).toEqual([384, 384]);
});
