/** Models that are made in the page: quantized, converted, and cut off while they are. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, type Page, test } from '@playwright/test';
import { readFolder } from '../packages/create/test/fixtures.ts';
import { saidToBe } from '../packages/server/test/said-to-be.ts';
import { createFromFile, uploadFiles } from './made-models.ts';
import { createModel, openPlayground } from './tiny-model.ts';

const fixture = (path: string) => readFileSync(new URL(`../fixtures/models/${path}`, import.meta.url));
const bf16 = 32;

async function ask(page: Page, model: string) {
  const options = { temperature: 0, num_predict: 8, seed: 1 };
  const body = JSON.stringify({ model, prompt: 'Once upon a time', raw: true, stream: false, options });
  return page.evaluate(async body => (await fetch('/api/generate', { method: 'POST', body })).json(), body);
}

test('a model that is quantized in the page answers much as it did before', async ({ page }) => {
  await openPlayground(page);
  const file = saidToBe(fixture('stories260K-f32.gguf'), bf16);
  await createFromFile(page, { model: 'stories', file });
  await createModel(page, { model: 'small', from: 'stories', quantize: 'Q4_K_M' });
  const [before, after] = [await ask(page, 'stories'), await ask(page, 'small')];
  expect(after).toMatchObject({ done: true, eval_count: 8 });
  expect(after.response.slice(0, 10)).toBe(before.response.slice(0, 10));
});

test('one that is cut off leaves no model, and can be made again', async ({ page }) => {
  await openPlayground(page);
  const file = saidToBe(brotliDecompressSync(fixture('synthetic-llama-f32.gguf.br')), bf16);
  await createFromFile(page, { model: 'large', file });
  const request = { model: 'small', from: 'large', quantize: 'Q4_K_M' };
  const ended = await page.evaluate(async request => {
    const body = JSON.stringify({ ...request, stream: false });
    const init = { method: 'POST', body, signal: AbortSignal.timeout(300) };
    return fetch('/api/create', init).catch(error => error.name);
  }, request);
  expect(ended).toBe('TimeoutError');
  const names = () =>
    page.evaluate(async () => {
      const { models } = await (await fetch('/api/tags')).json();
      return models.map((model: { name: string }) => model.name);
    });
  expect(await names()).toEqual(['large:latest']);
  await createModel(page, request);
  expect(await names()).toEqual(['small:latest', 'large:latest']);
});

test('folders of safetensors become models that run', async ({ page }) => {
  await openPlayground(page);
  for (const model of ['tiny-llama', 'tiny-qwen2', 'tiny-bert']) {
    await createModel(page, { model, files: await uploadFiles(page, readFolder(model)) });
  }
  for (const model of ['tiny-llama', 'tiny-qwen2']) expect((await ask(page, model)).done, model).toBe(true);
  const answer = await page.evaluate(async () => {
    const body = JSON.stringify({ model: 'tiny-bert', input: 'a text' });
    return (await fetch('/api/embed', { method: 'POST', body })).json();
  });
  expect(answer.embeddings[0]).toHaveLength(64);
});
