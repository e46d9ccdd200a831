/** `script.js`, the tag for front-ends that were written for Ollama and are not built anew: small pages that do what those do. */
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { root } from '../scripts/workspace.mjs';

/** What the scripts of a page put into `results`, one each; none of them may have reached for Ollama on the network. */
async function open(page: Page, html: string, files: Record<string, string>, headers = {}) {
  const leaving: string[] = [];
  page.on('request', request => request.url().includes(':11434') && leaving.push(request.url()));
  await page.route('**/front/**', route => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1)!;
    const contentType = name ? 'text/javascript' : 'text/html';
    return route.fulfill({ contentType, headers, body: name ? files[name] : `<!doctype html>${html}` });
  });
  await page.goto('/front/');
  // by a timer: the frames that Playwright would wait for may not come where software draws them
  await page.waitForFunction(count => globalThis.results?.length === count, Object.keys(files).length, {
    polling: 100,
  });
  const results = await page.evaluate(() => globalThis.results);
  expect(leaving).toEqual([]);
  return results;
}

declare global {
  var results: unknown[] | undefined;
}

test('every script below the tag is answered, under a policy that knows of no Ollama', async ({ page }) => {
  const ask = `(self.results ??= []).push(await (await asked).json());`;
  const results = await open(
    page,
    `<base href="/front/deep/">
    <script src="/published/script.js" data-options='{"models": {"a": "/fixtures/models/stories260K-q8_0.gguf"}}'></script>
    <script src="classic.js"></script>
    <script src="async.js" async></script>
    <script src="xhr.js"></script>
    <script type="module" src="module.js"></script>`,
    {
      'classic.js': `const early = fetch; (async () => { const asked = early('http://localhost:11434/api/version'); ${ask} })();`,
      'async.js': `(async () => { const asked = fetch(new Request('/api/version', { mode: 'no-cors' })); ${ask} })();`,
      'xhr.js': `const request = new XMLHttpRequest();
        request.onload = () => (self.results ??= []).push(request.response);
        request.open('GET', 'http://127.0.0.1:11434/api/version');
        request.responseType = 'json';
        request.send();`,
      'module.js': `await fetch('/api/pull', { method: 'POST', body: JSON.stringify({ model: 'a', stream: false }) });
        const { models } = await (await fetch('/api/tags')).json();
        await tabllama;
        (self.results ??= []).push({ version: models[0].name });`,
    },
    { 'content-security-policy': "default-src 'self'" },
  );
  const versions = results!.map(result => (result as { version: string }).version);
  expect(versions.toSorted()).toEqual(['0.33.0', '0.33.0', '0.33.0', 'a:latest']);
});

test('the tag may come from another origin, its worker with it', async ({ page }) => {
  await page.context().route('https://files.example/**', route => {
    const name = new URL(route.request().url()).pathname.slice(1);
    const path = join(root, 'packages', 'tabllama', 'dist', name);
    return route.fulfill({ path, headers: { 'access-control-allow-origin': '*' } });
  });
  const results = await open(
    page,
    `<script src="https://files.example/script.js"></script><script src="asks.js"></script>`,
    {
      'asks.js': `fetch('/api/version').then(answer => answer.json()).then(answer => (self.results = [answer]));`,
    },
  );
  expect(results).toEqual([{ version: '0.33.0' }]);
});

test('a front-end behind a path of its own, at the address of its host, and in an isolated page', async ({
  page,
}) => {
  const results = await open(
    page,
    `<script src="/published/script.js"
      data-options='{"origins": ["/ollama", "http://ai.example"], "models": {"a": "/fixtures/models/stories260K-q8_0.gguf"}}'></script>
    <script type="module" src="asks.js"></script>`,
    {
      'asks.js': `
        const post = (path, body) => fetch(path, { method: 'POST', body: JSON.stringify(body) });
        await post('/ollama/api/pull', { model: 'a', stream: false });
        const shown = await post('/ollama/api/show?x=1', { model: 'a' });
        const root = await (await fetch('http://ai.example/')).text();
        const own = (await fetch('/ollama/index.js')).status;
        self.results = [[shown.status, shown.url, (await shown.json()).details.family, root, own, crossOriginIsolated]];`,
    },
    { 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-opener-policy': 'same-origin' },
  );
  const url = new URL('/ollama/api/show?x=1', page.url()).href;
  expect(results).toEqual([[200, url, 'llama', 'Ollama is running', 404, true]]);
});

test('what is wrong in the options is what waiting requests fail with', async ({ page }) => {
  const results = await open(
    page,
    `<script src="/published/script.js" data-options='{"models": {"a": "ftp://a/b.gguf"}}'></script><script src="asks.js"></script>`,
    { 'asks.js': `fetch('/api/tags').catch(error => (self.results = [String(error)]));` },
  );
  expect(results).toEqual(['TypeError: models: a: "ftp://a/b.gguf" is no URL']);
});

test('workers of the front-end are answered if the tag says so, and do what they did before', async ({
  page,
}) => {
  const asks = `
    onmessage = async ({ data }) => {
      const answer = await fetch('http://localhost:11434/api/version');
      postMessage([data, self.part, (await answer.json()).version]);
      const request = new XMLHttpRequest();
      request.open('GET', 'part.js', false);
      request.send();
      const own = [await (await fetch('part.js')).text(), request.responseText];
      postMessage([location.pathname, ...own.map(text => text.includes('self.part'))]);
    };`;
  const results = await open(
    page,
    `<script src="/published/script.js" data-options='{"workers": true}'></script><script src="page.js"></script>`,
    {
      'page.js': `for (const options of [undefined, { type: 'module' }]) {
        const worker = new Worker(options?.type ?? 'classic', options);
        worker.onmessage = ({ data }) => (self.results ??= []).push(data);
        worker.postMessage('asked at once');
      }`,
      classic: `const policy = trustedTypes.createPolicy('webpack', { createScriptURL: url => url });
        importScripts(policy.createScriptURL('part.js')); ${asks}`,
      module: `import './part.js'; ${asks}`,
      'part.js': `self.part = 'imported';`,
    },
  );
  const asked = ['asked at once', 'imported', '0.33.0'];
  expect(results).toHaveLength(4);
  expect(results).toEqual(
    expect.arrayContaining([asked, asked, ['/front/classic', true, true], ['/front/module', true, true]]),
  );
});
