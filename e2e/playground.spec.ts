import { expect, type Page, test } from '@playwright/test';
import { openPlayground, pullTinyModel, tinyModel } from './tiny-model.ts';

const status = (page: Page) => page.locator('#response-status');
const output = (page: Page) => page.locator('#output');
const example = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function sendOwn(page: Page, method: string, path: string, body: object): Promise<void> {
  await page.getByLabel('Method').selectOption(method);
  await page.getByLabel('Path').fill(path);
  await page.getByLabel('Body').fill(JSON.stringify(body));
  await page.getByRole('button', { name: 'Send' }).click();
}

test('it installs, and does nothing else by itself', async ({ page }) => {
  const requests: string[] = [];
  page.on('request', request => requests.push(new URL(request.url()).pathname));
  await openPlayground(page);
  expect(requests.filter(path => !/^\/(playground\.html|icon\.svg|assets\/.+)$/.test(path))).toEqual([]);
  expect(await page.evaluate(() => 'llama' in globalThis)).toBe(true);
  const version = await page.evaluate(async () => (await fetch('/api/version')).json());
  expect(version).toEqual({ version: '0.33.0' });
});

test('examples that need no model answer at one click', async ({ page }) => {
  await openPlayground(page);
  await example(page, 'Version').click();
  await expect(status(page)).toHaveText(/^200/);
  await expect(output(page)).toHaveText('{"version":"0.33.0"}');
  await example(page, 'Version, at Ollama’s own address').click();
  await expect(output(page)).toHaveText('{"version":"0.33.0"}');
  await example(page, 'Is it running?').click();
  await expect(output(page)).toHaveText('Ollama is running');
  await example(page, 'List local models').click();
  await expect(output(page)).toHaveText('{"models":[]}');
  await example(page, 'Push a blob').click();
  await expect(status(page)).toHaveText(/^201/);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(status(page)).toHaveText(/^200/);
  await example(page, 'Is a blob there?').click();
  await expect(status(page)).toHaveText(/^404/);
  await example(page, 'Show a model').click();
  await expect(output(page)).toHaveText(`{"error":"model 'smollm2:135m' not found"}`);
});

test('every line of a streamed answer is a chunk, as the timing says', async ({ page }) => {
  await openPlayground(page);
  await pullTinyModel(page);
  await sendOwn(page, 'POST', '/api/generate', {
    model: tinyModel,
    prompt: 'Once upon a time',
    options: { num_predict: 8, temperature: 0 },
  });
  await expect(output(page)).toContainText('"done":true');
  const lines = ((await output(page).textContent()) ?? '').trim().split('\n');
  expect(lines.length).toBeGreaterThan(3);
  await expect(page.locator('#timing')).toContainText(`in ${lines.length} chunks`);
  await page.getByText('Headers').click();
  await expect(page.locator('#headers')).toContainText('content-type: application/x-ndjson');
});

test('a request can be aborted, and a body that is no JSON is pointed out', async ({ page }) => {
  await openPlayground(page);
  await pullTinyModel(page);
  await sendOwn(page, 'POST', '/api/generate', {
    model: tinyModel,
    prompt: 'One day',
    options: { num_predict: 2000 },
  });
  await expect(output(page)).toContainText('"done":false');
  await page.getByRole('button', { name: 'Abort' }).click();
  await expect(status(page)).toHaveText(/^Aborted after/);
  await expect(output(page)).not.toContainText('"done":true');

  await page.getByLabel('Body').fill('{"model":');
  await expect(page.locator('#body-problem')).toContainText('Not JSON');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(status(page)).toHaveText(/^400/);
  await expect(output(page)).toContainText('"error"');
});
