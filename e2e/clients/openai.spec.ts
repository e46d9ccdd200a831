import { expect, test } from '@playwright/test';
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
