import { expect, type Page, test } from '@playwright/test';
import { openChatWithTinyModel } from './tiny-model.ts';

const message = (page: Page) => page.getByRole('textbox', { name: 'Message' });
const stop = (page: Page) => page.getByRole('button', { name: 'Stop' });
const answers = (page: Page) => page.locator('.turn.assistant .content');
const notes = (page: Page) => page.locator('.turn.assistant .note');
const questions = (page: Page) => page.locator('.turn.user .content');

/** Asks for the model files that the page sends, from now on. */
function modelRequests(page: Page): string[] {
  const urls: string[] = [];
  page.on('request', request => {
    if (request.url().includes('/models/')) urls.push(request.url());
  });
  return urls;
}

/** Keeps chats in localStorage as the page does, before the page starts. */
async function keepChat(page: Page, id: string, turns: readonly object[]): Promise<void> {
  await page.goto('/icon.svg');
  await page.evaluate(
    ([id, turns]) =>
      localStorage.setItem(`tabllama.chat.${id}`, JSON.stringify({ id, updated: Date.now(), turns })),
    [id, turns] as const,
  );
}

test('a first visit pulls the default model with progress and answers word by word', async ({ page }) => {
  await page.goto('/');
  await expect(page.locator('#setup-title')).toHaveText('Downloading: smollm2:135m');
  await expect(page.locator('#setup-detail')).toHaveText(/MB of 98\.4 MB · [\d.]+ [kM]B\/s/);
  await message(page).fill('What is the capital of France?');
  await message(page).press('Enter');
  await expect(questions(page), 'nothing is sent before the model is there').toHaveCount(0);
  await expect(page.locator('#status')).toContainText(/smollm2:135m · .*Q4_1 · 98\.4 MB · on .+/, {
    timeout: 90_000,
  });
  await expect(message(page), 'what was typed has stayed').toHaveValue('What is the capital of France?');
  await message(page).press('Enter');
  const lengths = new Set<number | undefined>();
  await expect
    .poll(async () => lengths.add((await answers(page).textContent())?.length).size, {
      intervals: [100],
      timeout: 60_000,
    })
    .toBeGreaterThan(3);
  await stop(page)
    .click({ timeout: 1000 })
    .catch(() => {}); // it may have said all there is to say
  await expect(stop(page)).toBeHidden();
});

test('an answer ends with its figures, and chats are kept over a reload', async ({ page }) => {
  await openChatWithTinyModel(page, 24);
  await message(page).fill('Once upon a time');
  await message(page).press('Enter');
  await expect(notes(page)).toHaveText(
    /^Cut off at the length limit · [\d.]+ tok\/s · 24 tokens · prompt \d+ in .+ in all/,
  );
  const text = (await answers(page).textContent()) ?? '';
  expect(text.length).toBeGreaterThan(20);

  await page.reload();
  await expect(questions(page)).toHaveText('Once upon a time');
  await expect(answers(page)).toHaveText(text);

  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(page.locator('.turn')).toHaveCount(0);
  await page.reload();
  await expect(page.locator('.turn')).toHaveCount(0);
  await page.getByRole('button', { name: 'Once upon a time', exact: true }).click();
  await expect(answers(page)).toHaveText(text);

  await page.getByRole('button', { name: 'Delete “Once upon a time”' }).click();
  await expect(page.locator('.turn')).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('button', { name: 'Once upon a time', exact: true })).toHaveCount(0);
});

test('an answer can be stopped, keeps its text, and the next one follows', async ({ page }) => {
  await openChatWithTinyModel(page);
  await message(page).fill('One day');
  await message(page).press('Shift+Enter');
  await expect(questions(page), 'Shift+Enter breaks the line').toHaveCount(0);
  await message(page).press('Enter');
  await expect(answers(page)).toHaveText(/\w{3}/);
  await page.keyboard.press('Escape');
  await expect(notes(page)).toHaveText('Stopped');
  await expect(answers(page).first()).toHaveText(/\w{3}/);
  await expect(message(page)).toBeFocused();
  await message(page).fill('Lily');
  await message(page).press('Enter');
  await expect(answers(page).nth(1)).toHaveText(/\w{3}/);
});

test('leaving in the middle of an answer keeps what there is of it', async ({ page }) => {
  await openChatWithTinyModel(page);
  await message(page).fill('One day');
  await message(page).press('Enter');
  await expect(answers(page)).toHaveText(/\w{3}/);
  await page.reload();
  await expect(answers(page)).toHaveText(/\w{3}/);
  await expect(notes(page)).toHaveText('Stopped');
});

test('what a model writes is shown as Markdown and can do no harm', async ({ page }) => {
  const content = [
    '**bold** and `code` <script>globalThis.harmed = 1</script><img src=x onerror="globalThis.harmed = 2">',
    '[bad](javascript:globalThis.harmed=3) [good](https://example.com/) ![picture](https://example.com/leak.png)',
    '<a href="https://example.com/raw" onclick="globalThis.harmed=4" style="position:fixed">raw</a><form action="/x"><button>go</button></form>',
    '```js\nlet x = "<b>";\n```',
    '| a |\n|---|\n| 1 |',
  ].join('\n\n');
  const requests: string[] = [];
  page.on('request', request => requests.push(request.url()));
  await keepChat(page, 'hostile', [
    { role: 'user', content: '<b>mine</b>' },
    { role: 'assistant', content },
  ]);
  await page.goto('/#hostile');
  const answer = answers(page);
  await expect(questions(page)).toHaveText('<b>mine</b>');
  await expect(answer.locator('strong')).toHaveText('bold');
  await expect(answer.locator('pre')).toHaveText('let x = "<b>";');
  await expect(answer.locator('td')).toHaveText('1');
  await expect(answer.getByRole('link', { name: 'good' })).toHaveAttribute('rel', 'noopener noreferrer');
  await expect(answer.locator('a[href^="javascript"], img, form, script, [style], [onclick]')).toHaveCount(0);
  expect(await page.evaluate(() => 'harmed' in globalThis)).toBe(false);
  expect(requests.filter(url => url.includes('example.com'))).toEqual([]);
});

test('kept chats that make no sense are dropped, and the page works', async ({ page }) => {
  await page.goto('/icon.svg');
  await page.evaluate(() => {
    localStorage.setItem('tabllama.chat.a', 'not JSON');
    localStorage.setItem('tabllama.chat.b', '{"id":"b","updated":1,"turns":[{"role":"user"}]}');
    localStorage.setItem('tabllama.chat.c', 'null');
  });
  await page.goto('/#b');
  await expect(page.getByRole('heading', { name: 'A language model, in this tab' })).toBeVisible();
  await expect(page.locator('#chats li')).toHaveCount(0);
});

test('a model file that cannot be had is told in words, and trying again goes on', async ({
  page,
  context,
}) => {
  await context.route('**/models/*.gguf', route => route.fulfill({ status: 404, body: 'gone' }));
  await page.goto('/');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('The model could not be fetched');
  await expect(alert).toContainText('file does not exist');
  await context.unrouteAll();
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(alert).toBeHidden();
  await expect(page.locator('#setup-detail')).toHaveText(/MB of 98\.4 MB/);
});

test('the view follows an answer only while its end is in sight', async ({ page }) => {
  await keepChat(
    page,
    'long',
    Array.from({ length: 40 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: `Turn ${i}` })),
  );
  await page.goto('/#long');
  const log = page.locator('#log');
  await expect(page.getByText('Turn 39')).toBeInViewport();
  await log.evaluate(element => element.scrollTo({ top: 0 }));
  const latest = page.getByRole('button', { name: 'Latest' });
  await expect(latest).toBeVisible();
  await latest.click();
  await expect(page.getByText('Turn 39')).toBeInViewport();
  await expect(latest).toBeHidden();
});

test('on a phone nothing is wider than the screen, and past chats open over the conversation', async ({
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await keepChat(page, 'wide', [
    { role: 'user', content: 'Wide things' },
    { role: 'assistant', content: `\`\`\`\n${'x'.repeat(300)}\n\`\`\`\n\n${'y'.repeat(300)}` },
  ]);
  await page.goto('/');
  await page.getByRole('button', { name: 'Past chats' }).click();
  await page.getByRole('button', { name: 'Wide things', exact: true }).click();
  await expect(page.locator('pre')).toBeInViewport();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(await page.locator('#log').evaluate(log => log.scrollWidth <= log.clientWidth)).toBe(true);
});

test.describe('without WebGPU nothing is downloaded, and the page says what is missing', () => {
  test('no navigator.gpu', async ({ page }) => {
    const requests = modelRequests(page);
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }));
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText('navigator.gpu is missing');
    await expect(page.getByRole('alert')).toContainText('Use a browser with WebGPU');
    await expect(message(page)).toBeDisabled();
    expect(requests).toEqual([]);
  });

  test('no adapter', async ({ page }) => {
    const requests = modelRequests(page);
    await page.addInitScript(() => {
      GPU.prototype.requestAdapter = async () => null;
    });
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText('a GPU adapter is missing');
    await expect(page.getByRole('alert')).toContainText('hardware acceleration');
    expect(requests).toEqual([]);
  });

  test('no secure context', async ({ page, baseURL }) => {
    await page.route('http://tabllama.test/**', async route => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: new URL(pathname, baseURL).href }) });
    });
    const requests = modelRequests(page);
    await page.goto('http://tabllama.test/');
    await expect(page.getByRole('alert')).toContainText('a secure context is missing');
    await expect(page.getByRole('alert')).toContainText('localhost');
    expect(requests).toEqual([]);
  });
});
