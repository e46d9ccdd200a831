/** The files that are published, in a page that has no bundler. */
import { expect, test } from '@playwright/test';
import { pullTinyModel, tinyModel } from './tiny-model.ts';

test('the published files run as they are, and answer as the app does', async ({ page }) => {
  await page.route('**/bare.html', route =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><script type="module">
        import { install } from '/published/index.js';
        globalThis.llama = await install();
      </script>`,
    }),
  );
  const texts: string[] = [];
  for (const path of ['/bare.html', '/playground.html']) {
    await page.goto(path);
    await page.waitForFunction(() => globalThis.llama);
    await pullTinyModel(page);
    const answer = await page.evaluate(async model => {
      const options = { temperature: 0, num_predict: 24 };
      const body = JSON.stringify({ model, prompt: 'Once upon a time', stream: false, options });
      return (await fetch('/api/generate', { method: 'POST', body })).json();
    }, tinyModel);
    expect(answer).toMatchObject({ done: true, eval_count: 24 });
    texts.push(answer.response);
  }
  expect(texts[0]).toMatch(/\w/);
  expect(texts[0]).toBe(texts[1]);
});
