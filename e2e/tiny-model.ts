/** A real model of 344 kB, installed in the page's own IndexedDB and chosen for the chat: most tests need no more. */
import { expect, type Page } from '@playwright/test';

export const tinyModel = 'stories260k-q8_0:latest';

/** Opens the playground, which does nothing by itself, and waits until `install()` is through. */
export async function openPlayground(page: Page): Promise<void> {
  await page.goto('/playground.html');
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
}

/** Opens the chat with the tiny model chosen, ready to answer in so many tokens at most. */
export async function openChatWithTinyModel(page: Page, tokens = 2000): Promise<void> {
  await openPlayground(page);
  await pullTinyModel(page);
  const model = `stories:${tokens}`;
  await createModel(page, { model, from: tinyModel, parameters: { num_predict: tokens } });
  await page.evaluate(name => localStorage.setItem('tabllama.model', name), model);
  await page.goto('/');
  await expect(page.locator('#status')).toContainText(model);
}

export async function pullTinyModel(page: Page): Promise<void> {
  const model = new URL('/fixtures/models/stories260K-q8_0.gguf', page.url()).href;
  await post(page, '/api/pull', { model });
}

export const createModel = (page: Page, request: object) => post(page, '/api/create', request);

async function post(page: Page, path: string, request: object): Promise<void> {
  const answer = await page.evaluate(
    async ([path, body]) => (await fetch(path, { method: 'POST', body })).json(),
    [path, JSON.stringify({ ...request, stream: false })] as const,
  );
  expect(answer).toEqual({ status: 'success' });
}
