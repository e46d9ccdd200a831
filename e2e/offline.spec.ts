import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { appFolders, serve } from '../scripts/serve.mjs';
import { root } from '../scripts/workspace.mjs';
import { openChatWithTinyModel } from './tiny-model.ts';

const dist = join(root, 'apps', 'chat', 'dist');

/** Waits until the service worker has the shell and answers for this page. */
async function shellKept(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

const shellCaches = (page: Page) => page.evaluate(() => caches.keys());

test('a second visit answers with no server at all', async ({ browser }) => {
  const server = await serve([['/fixtures/', join(root, 'fixtures')], ...appFolders(dist)]);
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  try {
    await openChatWithTinyModel(page);
    await shellKept(page);
  } finally {
    await server.close();
  }
  await page.reload();
  await expect(page.locator('#status')).toContainText('stories:');
  await page.getByRole('textbox', { name: 'Message' }).fill('Once upon a time');
  await page.keyboard.press('Enter');
  await expect(page.locator('.turn.assistant .content')).toHaveText(/\w+ \w+/);
  await page.goto('/playground.html');
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  await context.close();
});

test('the default model is not pulled again when its file is gone', async ({ page, context }) => {
  await page.goto('/');
  await expect(page.locator('#status')).toContainText('98.4 MB', { timeout: 90_000 });
  await context.route('**/models/**', route => route.fulfill({ status: 404 }));
  await page.reload();
  await expect(page.locator('#status')).toContainText('98.4 MB', { timeout: 60_000 });
  await expect(page.getByRole('alert')).toBeHidden();
});

test('the shell has the files of the build, and neither models nor answers', async ({ page }) => {
  await openChatWithTinyModel(page);
  await shellKept(page);
  const kept = await page.evaluate(async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map(request => new URL(request.url).pathname);
  });
  expect(kept).toContain('/index.html');
  expect(kept).toContain('/playground.html');
  expect(kept.filter(path => /\.gguf$|^\/api\/|^\/models\//.test(path))).toEqual([]);
});

test('a newer build is shown at once and takes over when the older one is closed', async ({ browser }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tabllama-shell-'));
  await cp(dist, folder, { recursive: true });
  const server = await serve([['/', folder]]);
  const context = await browser.newContext({ baseURL: server.url });
  try {
    const page = await context.newPage();
    await page.goto('/');
    await shellKept(page);
    const [before] = await shellCaches(page);

    const replace = async (file: string, from: string | RegExp, to: string) =>
      writeFile(join(folder, file), (await readFile(join(folder, file), 'utf8')).replace(from, to));
    await replace('index.html', '<title>tabllama</title>', '<title>newer</title>');
    await replace('sw.js', /__VERSION__ = "\w+"/, '__VERSION__ = "newer"');
    await page.reload();
    await expect(page).toHaveTitle('newer');
    await expect.poll(() => shellCaches(page)).toEqual([before, 'shell-newer']);

    await page.goto('about:blank');
    await page.goto('/');
    await expect.poll(() => shellCaches(page)).toEqual(['shell-newer']);
    await server.close();
    await page.reload();
    await expect(page).toHaveTitle('newer');
  } finally {
    await server.close();
    await context.close();
    await rm(folder, { recursive: true });
  }
});
