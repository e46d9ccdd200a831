import { expect, type Page, test } from '@playwright/test';
import { createModel, openPlayground, pullTinyModel, tinyModel } from './tiny-model.ts';

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
  await example(page, 'Version there').click();
  await expect(output(page)).toHaveText('{"version":"0.33.0"}');
  await example(page, 'Is it running?').click();
  await expect(output(page)).toHaveText('Ollama is running');
  await example(page, 'List local models').click();
  await expect(output(page)).toHaveText('{"models":[]}');
  await example(page, 'Push a blob').click();
  await expect(status(page)).toHaveText(/^201/);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(status(page)).toHaveText(/^200/);
  await example(page, 'Check if a blob exists').click();
  await expect(status(page)).toHaveText(/^404/);
  await example(page, 'Show model information').click();
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

/** What is not answered with 200. */
const otherStatuses: Readonly<Record<string, number>> = {
  'Generate a completion: With images': 400,
  'Generate a chat completion: With images': 500,
  'Create a model: Quantize a model': 500,
  'Blobs: Push a blob': 201,
  'Structured outputs: A schema that cannot be enforced': 400,
};

/** What begins well and ends in an error, which the status cannot tell. */
const lateErrors = ['Models: Push a model', 'Create a model: From a Safetensors directory'];

/** Throws where the body is not what its type says. */
function checkBody(type: string, text: string): void {
  if (type.startsWith('text/plain') || text === '') return;
  for (const line of type === 'application/json' ? [text] : text.trimEnd().split(/\n+/)) {
    if (type === 'text/event-stream' && (line.startsWith('event: ') || line === 'data: [DONE]')) continue;
    JSON.parse(line.replace(/^data: /, ''));
  }
}

/** The default model is pulled; a tiny one takes its name then, and says little. */
test('every example works at one click, in their order, once the model is pulled', async ({ page }) => {
  test.setTimeout(300_000);
  await openPlayground(page);
  await pullTinyModel(page);
  const model = 'smollm2:135m';
  const groups = page.locator('#examples h2');
  for (let group = 0; group < (await groups.count()); group++) {
    const title = await groups.nth(group).textContent();
    const examples = page.locator('#examples ul').nth(group).getByRole('button');
    for (const example of await examples.all()) {
      const name = `${title}: ${await example.textContent()}`;
      await example.click();
      await expect(page.getByRole('button', { name: 'Abort' })).toBeDisabled();
      await expect
        .soft(status(page), name)
        .toHaveText(new RegExp(`^${otherStatuses[name] ?? 200}`), { timeout: 1 });
      const headers = (await page.locator('#headers').textContent()) ?? '';
      const [, type = 'text/plain'] = /^content-type: ([^;\n]*)/m.exec(headers) ?? [];
      const text = (await output(page).textContent()) ?? '';
      expect.soft(() => checkBody(type, text), `${name}: ${text.slice(0, 1000)}`).not.toThrow();
      const saysError = otherStatuses[name] >= 400 || lateErrors.includes(name);
      expect
        .soft(/^(data: )?\{"(type":"error",")?error":/m.test(text), `${name}: ${text.slice(0, 1000)}`)
        .toBe(saysError);
      if ((await page.getByLabel('Path').inputValue()) === '/api/pull') {
        await createModel(page, { model: 'kept', from: model });
        await createModel(page, { model, from: tinyModel, parameters: { num_predict: 8 } });
      }
    }
  }
});
