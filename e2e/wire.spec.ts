/** What `fetch` owes a page, in a real browser: between the page's code and the worker, nothing behaves other than the network. */
import { expect, type Page, test } from '@playwright/test';
import type { Tabllama } from 'tabllama';
import { openPlayground, pullTinyModel, tinyModel } from './tiny-model.ts';

declare global {
  var llama: Tabllama;
  /** Arguments of the calls that reached the fetch below tabllama, and that fetch. */
  var passed: unknown[][];
  var below: typeof fetch;
}

test.beforeEach(async ({ page }) => {
  await page.addInitScript(() => {
    const network = globalThis.fetch;
    globalThis.passed = [];
    globalThis.below = (...args) => {
      globalThis.passed.push(args);
      return network(...args);
    };
    globalThis.fetch = globalThis.below;
  });
  await page.route('**/api/metadata', route => route.fulfill({ body: "the page's own" }));
});

/** Lines of an endless story, until someone stops it; the page's functions know it as `story`. */
const story = {
  model: tinyModel,
  prompt: 'Once upon a time',
  options: { num_predict: 100_000, temperature: 0, num_ctx: 256 },
};

async function openWithModel(page: Page): Promise<void> {
  await openPlayground(page);
  await pullTinyModel(page);
}

test('strings, URLs and Requests are answered on the own origin and at the address of Ollama, and nothing leaves the page', async ({
  page,
}) => {
  await openPlayground(page);
  const leaving: string[] = [];
  page.on('request', request => leaving.push(request.url()));
  const answers = await page.evaluate(async () => {
    const inputs = [
      '/api/version',
      'api/version',
      new URL('/api/version?x#y', location.href),
      new Request('/api/version'),
      'http://localhost:11434/api/version',
      'http://127.0.0.1:11434/api/version',
    ];
    return Promise.all(
      inputs.map(async input => {
        const { url, type, redirected, status } = await fetch(input);
        return [url.replace(location.origin, ''), type, redirected, status];
      }),
    );
  });
  expect(answers).toEqual([
    ['/api/version', 'basic', false, 200],
    ['/api/version', 'basic', false, 200],
    ['/api/version?x', 'basic', false, 200],
    ['/api/version', 'basic', false, 200],
    ['http://localhost:11434/api/version', 'cors', false, 200],
    ['http://127.0.0.1:11434/api/version', 'cors', false, 200],
  ]);
  expect(leaving).toEqual([]);
});

test('what is not claimed reaches the fetch below with the very same arguments', async ({ page }) => {
  await openPlayground(page);
  const result = await page.evaluate(async () => {
    passed.length = 0;
    const request = new Request('/api/metadata', { method: 'POST', body: 'untouched' });
    const init = { headers: { 'x-a': 'b' } };
    const text = await (await fetch(request)).text();
    await fetch('/api/metadata', init);
    return {
      text,
      same: passed[0][0] === request && passed[0].length === 1,
      sameInit: passed[1][1] === init && passed[1].length === 2,
      calls: passed.length,
    };
  });
  expect(result).toEqual({ text: "the page's own", same: true, sameInit: true, calls: 2 });
});

test('a body is read whatever its Content-Type, its kind and the credentials', async ({ page }) => {
  await openPlayground(page);
  const errors = await page.evaluate(async () => {
    const json = JSON.stringify({ model: 'nobody:1b' });
    const bytes = new TextEncoder().encode(json);
    const pieces = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (let i = 0; i < bytes.length; i += 5) controller.enqueue(bytes.subarray(i, i + 5));
          controller.close();
        },
      });
    const inits: RequestInit[] = [
      { body: json },
      { body: json, headers: { 'content-type': 'application/json' } },
      {
        body: json,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        credentials: 'include',
      },
      { body: bytes, credentials: 'omit' },
      { body: new Blob([json]), credentials: 'same-origin' },
      { body: pieces(), duplex: 'half' } as RequestInit,
    ];
    const all = inits.map(init => new Request('/api/show', { method: 'POST', ...init }));
    const responses = await Promise.all([
      ...all.map(request => fetch(request)),
      fetch(new Request('/api/show', { method: 'POST', body: 'not this' }), { body: json }),
    ]);
    return Promise.all(responses.map(async response => [response.status, await response.json()]));
  });
  expect(errors).toEqual(Array(7).fill([404, { error: "model 'nobody:1b' not found" }]));
});

test('a streamed upload arrives whole, and an empty 200 has a body', async ({ page }) => {
  await openPlayground(page);
  const result = await page.evaluate(async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const url = `/api/blobs/sha256:${[...hash].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += 997) controller.enqueue(bytes.subarray(i, i + 997));
        controller.close();
      },
    });
    const created = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    const again = await fetch(url, { method: 'POST', body: bytes });
    const head = await fetch(url, { method: 'HEAD' });
    return {
      kept: bytes.byteLength,
      statuses: [created.status, again.status, head.status],
      text: again.body && (await new Response(again.body.pipeThrough(new TextDecoderStream())).text()),
      headText: await head.text(),
    };
  });
  expect(result).toEqual({ kept: 60_000, statuses: [201, 200, 200], text: '', headText: '' });
});

test('one line of a stream is one chunk', async ({ page }) => {
  await openWithModel(page);
  const lines = await page.evaluate(async story => {
    const options = { ...story.options, num_predict: 12 };
    const response = await fetch('/api/generate', {
      method: 'POST',
      body: JSON.stringify({ ...story, options }),
    });
    const lines: { response: string; done: boolean }[] = [];
    const reader = response.body!.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const text = new TextDecoder().decode(next.value);
      if (!text.endsWith('\n')) throw new Error(`half a line: ${text}`);
      lines.push(JSON.parse(text));
    }
    return lines;
  }, story);
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.map(line => line.done)).toEqual([...Array(lines.length - 1).fill(false), true]);
});

test('a clone and a pipe carry the whole of a stream', async ({ page }) => {
  await openWithModel(page);
  const [whole, cloned, url] = await page.evaluate(async story => {
    const options = { ...story.options, num_predict: 12 };
    const response = await fetch('/api/generate', {
      method: 'POST',
      body: JSON.stringify({ ...story, options }),
    });
    const clone = response.clone();
    const parts: string[] = [];
    await response
      .body!.pipeThrough(new TextDecoderStream())
      .pipeTo(new WritableStream({ write: text => void parts.push(text) }));
    return [parts.join(''), await clone.text(), clone.url];
  }, story);
  expect(whole).toContain('"done":true');
  expect(cloned).toBe(whole);
  expect(url).toMatch(/\/api\/generate$/);
});

test('an abort rejects with the very reason, before the answer and within it, and the next request is served', async ({
  page,
}) => {
  await openWithModel(page);
  const result = await page.evaluate(async story => {
    const post = (signal: AbortSignal) =>
      fetch('/api/generate', { method: 'POST', body: JSON.stringify(story), signal });
    const reasonOf = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        reason => reason,
      );

    const atOnce = await reasonOf(post(AbortSignal.abort('at once')));

    const early = new AbortController();
    const waiting = reasonOf(post(early.signal));
    early.abort('early');

    const late = new AbortController();
    const reader = (await post(late.signal)).body!.getReader();
    await reader.read();
    const reason = { any: 'object' };
    late.abort(reason);
    const lateReason = await reasonOf(reader.read());

    const ofRequest = new AbortController();
    const request = new Request('/api/generate', {
      method: 'POST',
      body: JSON.stringify(story),
      signal: ofRequest.signal,
    });
    const response = await fetch(request);
    const texts = [reasonOf(response.clone().text()), reasonOf(response.text())];
    ofRequest.abort('in the text');

    const next = await fetch('/api/version');
    return {
      atOnce,
      early: await waiting,
      lateIsTheReason: lateReason === reason,
      texts: await Promise.all(texts),
      next: next.status,
    };
  }, story);
  expect(result).toEqual({
    atOnce: 'at once',
    early: 'early',
    lateIsTheReason: true,
    texts: ['in the text', 'in the text'],
    next: 200,
  });
});

test('a cancelled body frees the model, and one that nobody reads does not hold it', async ({ page }) => {
  await openWithModel(page);
  const last = await page.evaluate(async story => {
    const post = (num_predict: number) =>
      fetch('/api/generate', {
        method: 'POST',
        body: JSON.stringify({ ...story, options: { ...story.options, num_predict } }),
      });
    const endless = (await post(100_000)).body!.getReader();
    await endless.read();
    await endless.cancel('enough');
    await post(20); // its answer is never read
    const lines = (await (await post(5)).text()).trim().split('\n');
    return JSON.parse(lines.at(-1)!);
  }, story);
  expect(last).toMatchObject({ done: true, done_reason: 'length', eval_count: 5 });
});

test('llama.fetch answers whatever the origin', async ({ page }) => {
  await openPlayground(page);
  const text = await page.evaluate(async () => (await llama.fetch('https://ollama.invalid/')).text());
  expect(text).toBe('Ollama is running');
});

test('uninstalling puts the very fetch back, and fails what is being read', async ({ page }) => {
  await openWithModel(page);
  const result = await page.evaluate(async story => {
    const reader = (
      await fetch('/api/generate', { method: 'POST', body: JSON.stringify(story) })
    ).body!.getReader();
    await reader.read();
    llama.uninstall();
    const reading = await (async () => {
      while (!(await reader.read()).done);
    })().catch(error => String(error));
    const after = await llama.fetch('/api/version').catch(error => String(error));
    passed.length = 0;
    await fetch('/api/metadata');
    await fetch('/api/version');
    return { restored: fetch === below, reading, after, passed: passed.map(([input]) => input) };
  }, story);
  expect(result).toEqual({
    restored: true,
    reading: 'TypeError: tabllama was uninstalled',
    after: 'TypeError: tabllama was uninstalled',
    passed: ['/api/metadata', '/api/version'],
  });
});
