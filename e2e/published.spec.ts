/** The files that are published, in a page that has no bundler. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { saidToBe } from '../packages/server/test/said-to-be.ts';
import { root } from '../scripts/workspace.mjs';
import { createFromFile } from './made-models.ts';
import { createModel, pullTinyModel, tinyModel } from './tiny-model.ts';

/** What becomes of a model that is quantized in the page: its type, and the digest of its weights. */
async function quantize(page: Page): Promise<string> {
  const stories = readFileSync(new URL('../fixtures/models/stories260K-f32.gguf', import.meta.url));
  await createFromFile(page, { model: 'bf16', file: saidToBe(stories, 32) });
  await createModel(page, { model: 'q4', from: 'bf16', quantize: 'Q4_K_M' });
  return page.evaluate(async () => {
    const response = await fetch('/api/show', { method: 'POST', body: '{"model":"q4"}' });
    const { details, modelfile } = await response.json();
    return `${details.quantization_level} ${/sha256-\w+/.exec(modelfile)}`;
  });
}

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
  const quantized: string[] = [];
  for (const path of ['/bare.html', '/playground.html']) {
    await page.goto(path);
    await page.waitForFunction(() => globalThis.llama);
    await pullTinyModel(page);
    const answer = await page.evaluate(async model => {
      const ask = async (more: object) => {
        const options = { temperature: 0, num_predict: 24 };
        const body = JSON.stringify({ model, prompt: 'Once upon a time', stream: false, options, ...more });
        return (await fetch('/api/generate', { method: 'POST', body })).json();
      };
      const template =
        '{{ .Tools }}{{ range .Messages }}{{ .Content }}{{ if .ToolCalls }}<call>{{ .ToolCalls }}{{ end }}{{ end }}';
      const created = JSON.stringify({ model: 'calls', from: model, template, stream: false });
      await fetch('/api/create', { method: 'POST', body: created });
      const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
      const chat = await fetch('/api/chat', {
        method: 'POST',
        body: JSON.stringify({
          model: 'calls',
          messages: [{ role: 'user', content: 'Once upon a time' }],
          tools,
          stream: false,
          options: { num_predict: 4 },
        }),
      });
      return {
        ...(await ask({})),
        bound: (await ask({ format: { enum: ['yes', 'no'] } })).response,
        withTools: (await chat.json()).eval_count,
      };
    }, tinyModel);
    expect(answer).toMatchObject({
      done: true,
      eval_count: 24,
      bound: expect.stringMatching(/^\s*"(yes|no)"\s*$/),
      withTools: 4,
    });
    texts.push(answer.response);
    quantized.push(await quantize(page));
  }
  expect(texts[0]).toMatch(/\w/);
  expect(texts[0]).toBe(texts[1]);
  expect(quantized[0]).toMatch(/^Q4_K_M sha256-/);
  expect(quantized[0]).toBe(quantized[1]);
});

test("Vite's development server may keep the page half in a folder without the worker", async ({ page }) => {
  await page.route('**/app/node_modules/**', route => {
    const name = new URL(route.request().url()).pathname.split('/app/node_modules/')[1];
    const published = { '.vite/deps/tabllama.js': 'index.js', 'tabllama/dist/worker.js': 'worker.js' }[name];
    if (!published) return route.fulfill({ status: 404 });
    return route.fulfill({ path: join(root, 'packages', 'tabllama', 'dist', published) });
  });
  await page.route('**/app/', route =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><script type="module">
        import { install } from './node_modules/.vite/deps/tabllama.js?v=1a2b3c4d';
        globalThis.llama = await install();
      </script>`,
    }),
  );
  await page.goto('/app/');
  await page.waitForFunction(() => globalThis.llama);
  const answer = await page.evaluate(async () => (await fetch('/api/version')).json());
  expect(answer).toEqual({ version: expect.any(String) });
});
