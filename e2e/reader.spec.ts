/** The thread that reads a model's chunks while the worker takes them apart. */
import { expect, type Page, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from './tiny-model.ts';

const threads = (page: Page) => Promise.all(page.workers().map(worker => worker.evaluate('self.name')));

async function answer(page: Page): Promise<string> {
  return page.evaluate(async model => {
    const body = { model, prompt: 'Once', stream: false, options: { num_predict: 3, temperature: 0 } };
    const response = await fetch('/api/generate', { method: 'POST', body: JSON.stringify(body) });
    return (await response.json()).response;
  }, tinyModel);
}

test('starts with the first load, and goes with the worker', async ({ page }) => {
  await openPlayground(page);
  await pullTinyModel(page);
  expect(await threads(page)).toEqual(['tabllama']);
  expect(await answer(page)).toBe(' upon a time');
  await expect.poll(() => threads(page)).toEqual(['tabllama', 'tabllama reader']);
  await page.evaluate(() => globalThis.llama.uninstall());
  await expect.poll(() => page.workers().length).toBe(0);
});

test('is done without where a policy allows no second worker', async ({ page, context }) => {
  const policy = { 'content-security-policy': "worker-src 'none'" };
  await context.route('**/worker-*.js', async route => {
    const response = await route.fetch();
    return route.fulfill({ response, headers: { ...response.headers(), ...policy } });
  });
  await openPlayground(page);
  await pullTinyModel(page);
  expect(await answer(page)).toBe(' upon a time');
  expect(await threads(page)).toEqual(['tabllama']);
});
