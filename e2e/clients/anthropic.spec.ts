import { expect, test } from '@playwright/test';
import { createToolCaller, weatherSchema } from '../made-models.ts';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('@anthropic-ai/sdk');

test('@anthropic-ai/sdk: messages, streamed and whole', async ({ page }) => {
  await useClient(page, "export * from '@anthropic-ai/sdk';");
  await openPlayground(page);
  await pullTinyModel(page);
  const result = await page.evaluate(async model => {
    const { Anthropic } = importClient<Client>();
    const client = new Anthropic({
      baseURL: 'http://localhost:11434',
      apiKey: 'none',
      dangerouslyAllowBrowser: true,
      maxRetries: 0,
    });
    const request = {
      model,
      max_tokens: 8,
      temperature: 0,
      messages: [{ role: 'user' as const, content: 'Once upon a time' }],
    };
    const whole = await client.messages.create(request);
    const stream = client.messages.stream(request);
    const text = await stream.finalText();
    const { stop_reason, usage } = await stream.finalMessage();
    const missing = await client.messages
      .create({ ...request, model: 'nobody' })
      .catch(error => [error.status, error.error.error.type]);
    return { whole, text, stop_reason, usage, missing };
  }, tinyModel);
  expect(result.whole).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'max_tokens' });
  expect(result.whole.content).toEqual([{ type: 'text', text: result.text }]);
  expect(result.stop_reason).toBe('max_tokens');
  expect(result.usage.output_tokens).toBe(8);
  expect(result.missing).toEqual([404, 'not_found_error']);
});

test('@anthropic-ai/sdk: calls of tools', async ({ page }) => {
  await useClient(page, "export * from '@anthropic-ai/sdk';");
  await openPlayground(page);
  await createToolCaller(page);
  const result = await page.evaluate(async input_schema => {
    const { Anthropic } = importClient<Client>();
    const baseURL = 'http://localhost:11434';
    const client = new Anthropic({ baseURL, apiKey: 'none', dangerouslyAllowBrowser: true, maxRetries: 0 });
    const request = {
      model: 'parrot-tool',
      max_tokens: 50,
      messages: [{ role: 'user' as const, content: 'Is it warm in Rome?' }],
      tools: [{ name: 'get_weather', input_schema }],
    };
    const { content } = await client.messages.stream(request).finalMessage();
    return { whole: await client.messages.create(request), content };
  }, weatherSchema);
  const called = { type: 'tool_use', name: 'get_weather', input: { city: 'Rome' } };
  expect(result.whole).toMatchObject({ stop_reason: 'tool_use' });
  for (const content of [result.whole.content, result.content]) expect(content.at(-1)).toMatchObject(called);
});
