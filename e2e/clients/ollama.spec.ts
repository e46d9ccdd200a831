import { expect, test } from '@playwright/test';
import { createToolCaller, weatherSchema } from '../made-models.ts';
import { openPlayground, pullTinyModel, tinyModel } from '../tiny-model.ts';
import { useClient } from './client.ts';

type Client = typeof import('ollama/browser');

test.beforeEach(async ({ page }) => {
  await useClient(page, "export { default, Ollama } from 'ollama/browser';");
  await openPlayground(page);
});

test('ollama, at its default address: models come and go', async ({ page }) => {
  const file = new URL('/fixtures/models/stories260K-q8_0.gguf', page.url()).href;
  const result = await page.evaluate(
    async ([file, name]) => {
      const { default: ollama } = importClient<Client>();
      const names = async () => (await ollama.list()).models.map(({ name }) => name);
      const statuses: string[] = [];
      for await (const { status } of await ollama.pull({ model: file, stream: true })) statuses.push(status);
      const made = await ollama.create({
        model: 'mario',
        from: name,
        system: 'You are Mario.',
        parameters: { temperature: 0, num_predict: 8 },
      });
      await ollama.copy({ source: 'mario', destination: 'luigi' });
      const all = await names();
      const { system, details, model_info } = await ollama.show({ model: 'luigi' });
      await ollama.generate({ model: 'luigi', prompt: '' });
      const running = (await ollama.ps()).models.map(({ name }) => name);
      for (const model of ['luigi', 'mario']) await ollama.delete({ model });
      const missing = await ollama
        .show({ model: 'nobody:1b' })
        .catch(error => [error.status_code, error.message]);
      const layers = Object.keys(model_info).length;
      return { statuses, made, all, system, details, layers, running, left: await names(), missing };
    },
    [file, tinyModel],
  );
  expect(result.statuses.at(0)).toBe('pulling manifest');
  expect(result.statuses.at(-1)).toBe('success');
  expect(result.made).toEqual({ status: 'success' });
  expect(result.all.toSorted()).toEqual(['luigi:latest', 'mario:latest', tinyModel]);
  expect(result.system).toBe('You are Mario.');
  expect(result.details).toMatchObject({ family: 'llama', format: 'gguf', parent_model: tinyModel });
  expect(result.layers).toBeGreaterThan(10);
  expect(result.running).toEqual(['luigi:latest']);
  expect(result.left).toEqual([tinyModel]);
  expect(result.missing).toEqual([404, "model 'nobody:1b' not found"]);
});

test('ollama: answers whole and streamed, and an abort', async ({ page }) => {
  await pullTinyModel(page);
  const result = await page.evaluate(async model => {
    const { default: ollama } = importClient<Client>();
    const prompt = 'Once upon a time';
    const messages = [{ role: 'user', content: prompt }];
    const options = { temperature: 0, num_predict: 8 };
    const generated = await ollama.generate({ model, prompt, options });
    const chatted = await ollama.chat({ model, messages, options });
    let text = '';
    for await (const part of await ollama.generate({ model, prompt, options, stream: true }))
      text += part.response;
    let said = '';
    for await (const part of await ollama.chat({ model, messages, options, stream: true }))
      said += part.message.content;
    const endless = await ollama.generate({
      model,
      prompt,
      stream: true,
      options: { num_predict: 100_000 },
    });
    let aborted = '';
    try {
      for await (const _ of endless) endless.abort();
    } catch (error) {
      aborted = (error as Error).name;
    }
    return { generated, chatted, text, said, aborted };
  }, tinyModel);
  expect(result.text).toMatch(/\w/);
  expect(result.generated).toMatchObject({ response: result.text, done_reason: 'length', eval_count: 8 });
  expect(result.chatted.message).toEqual({ role: 'assistant', content: result.said });
  expect(result.aborted).toBe('AbortError');
});

test('ollama: an answer that has the shape of a schema', async ({ page }) => {
  await pullTinyModel(page);
  const text = await page.evaluate(async model => {
    const { default: ollama } = importClient<Client>();
    const format = {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 12 },
        age: { type: 'integer', minimum: 0, maximum: 99 },
      },
      required: ['name', 'age'],
      additionalProperties: false,
    };
    const messages = [{ role: 'user', content: 'Who are you?' }];
    const answer = await ollama.chat({ model, messages, format, options: { seed: 1 } });
    return answer.message.content;
  }, tinyModel);
  expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: expect.any(Number) });
});

test('ollama: calls of tools, and vectors', async ({ page }) => {
  await createToolCaller(page);
  const result = await page.evaluate(async parameters => {
    const { default: ollama } = importClient<Client>();
    const request = {
      model: 'parrot-tool',
      messages: [{ role: 'user', content: 'Is it warm in Rome?' }],
      tools: [
        { type: 'function', function: { name: 'get_weather', description: 'The weather', parameters } },
      ],
    };
    const { message } = await ollama.chat(request);
    const streamed = [];
    for await (const part of await ollama.chat({ ...request, stream: true }))
      streamed.push(...(part.message.tool_calls ?? []));
    await ollama.pull({ model: 'all-minilm' });
    const { embeddings } = await ollama.embed({ model: 'all-minilm', input: ['a llama', 'a camel'] });
    const { embedding } = await ollama.embeddings({ model: 'all-minilm', prompt: 'a llama' });
    return { message, streamed, widths: embeddings.map(({ length }) => length), width: embedding.length };
  }, weatherSchema);
  const calls = [{ function: { name: 'get_weather', arguments: { city: 'Rome' } } }];
  expect(result.message).toMatchObject({ content: 'Let me check. ', tool_calls: calls });
  expect(result.streamed).toMatchObject(calls);
  expect(result).toMatchObject({ widths: [384, 384], width: 384 });
});
