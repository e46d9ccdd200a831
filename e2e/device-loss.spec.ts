/** The GPU process dies in the middle of an answer: the stream says so, and the next request is served on a new device. */
import { expect, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from './tiny-model.ts';

test('a lost device ends the stream with an error, and the next request opens a new one', async ({
  playwright,
  baseURL,
}, { project }) => {
  // A browser of its own: after a crash Chromium may refuse WebGPU to the tests that follow.
  await using browser = await playwright.chromium.launch(project.use.launchOptions);
  const page = await browser.newPage({ baseURL });
  await openPlayground(page);
  await pullTinyModel(page);

  const generate = (num_predict: number) =>
    page.evaluate(
      async request => {
        const response = await fetch('/api/generate', { method: 'POST', body: JSON.stringify(request) });
        const reader = response.body!.getReader();
        let last = '';
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          last = new TextDecoder().decode(next.value);
          document.body.dataset.streaming = 'true';
        }
        return JSON.parse(last);
      },
      { model: tinyModel, prompt: 'Once upon a time', options: { num_predict } },
    );

  const endless = generate(100_000);
  await page.locator('[data-streaming]').waitFor();
  const { processInfo } = await (await browser.newBrowserCDPSession()).send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU')!.id, 'SIGKILL');
  expect(await endless).toEqual({ error: expect.stringMatching(/^the GPU device was lost/) });
  expect(await generate(5)).toMatchObject({ done: true, done_reason: 'length', eval_count: 5 });
});
