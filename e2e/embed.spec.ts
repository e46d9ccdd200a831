/** Embeddings in a real Chromium: all-MiniLM on the GPU against the vectors of llama.cpp. */
import { readFileSync } from 'node:fs';
import { expect, type Page, test } from '@playwright/test';
import { openPlayground } from './tiny-model.ts';

interface Golden {
  readonly items: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    readonly embedding: readonly number[];
  }[];
}
const { items }: Golden = JSON.parse(
  readFileSync(new URL('../fixtures/golden/all-minilm-l6-v2-q8_0.json', import.meta.url), 'utf8'),
);

const post = (page: Page, path: string, body: object) =>
  page.evaluate(
    async ([path, body]) => {
      const response = await fetch(path, { method: 'POST', body });
      return { status: response.status, body: await response.json() };
    },
    [path, JSON.stringify(body)] as const,
  );

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

test('all-minilm is pulled by its name, and its vectors are those of llama.cpp', async ({ page }) => {
  test.setTimeout(600_000);
  await openPlayground(page);
  const model = 'all-minilm';
  const pulled = await post(page, '/api/pull', { model, stream: false });
  expect(pulled).toEqual({ status: 200, body: { status: 'success' } });

  const golden = items.filter(({ tokens }) => tokens.length < 60);
  const input = golden.map(({ text }) => text);
  const { status, body } = await post(page, '/api/embed', { model, input });
  expect(status).toBe(200);
  expect(body.prompt_eval_count).toBe(golden.reduce((sum, { tokens }) => sum + tokens.length, 0));
  for (const [i, { embedding }] of golden.entries())
    expect(cosine(body.embeddings[i], embedding)).toBeGreaterThan(0.9999);

  const meanings = await post(page, '/api/embed', {
    model,
    input: [
      'A cat sleeps on the sofa.',
      'The kitten is napping on the couch.',
      'Interest rates rose again in May.',
    ],
  });
  const [cat, kitten, rates] = meanings.body.embeddings;
  expect(cosine(cat, kitten)).toBeGreaterThan(cosine(cat, rates) + 0.3);

  const older = await post(page, '/api/embeddings', { model, prompt: golden[3].text });
  expect(cosine(older.body.embedding, golden[3].embedding)).toBeGreaterThan(0.9999);
  const { body: refused } = await post(page, '/api/chat', {
    model,
    messages: [{ role: 'user', content: 'Hi' }],
  });
  expect(refused).toEqual({ error: '"all-minilm" does not support chat' });
});
