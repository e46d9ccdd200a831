/** A real model of 344 kB, installed in the page's own IndexedDB and chosen for the chat: most tests need no more. */
import { expect, type Page } from '@playwright/test';

export const tinyModel = 'stories260k-q8_0:latest';

/** Opens the playground, which does nothing by itself, and waits until `install()` is through. */
export async function openPlayground(page: Page): Promise<void> {
  await page.goto('/playground.html');
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
}

/** Pulls the tiny model and opens the chat with it, ready to answer. */
export async function openChatWithTinyModel(page: Page): Promise<void> {
  await openPlayground(page);
  await pullTinyModel(page);
  await page.evaluate(name => localStorage.setItem('tabllama.model', name), tinyModel);
  await page.goto('/');
  await expect(page.locator('#status')).toContainText(tinyModel);
}

export async function pullTinyModel(page: Page): Promise<void> {
  const answer = await page.evaluate(async () => {
    const model = new URL('/fixtures/models/stories260K-q8_0.gguf', location.href).href;
    const response = await fetch('/api/pull', {
      method: 'POST',
      body: JSON.stringify({ model, stream: false }),
    });
    return response.json();
  });
  expect(answer).toEqual({ status: 'success' });
}
