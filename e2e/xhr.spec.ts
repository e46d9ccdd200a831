/** What an XMLHttpRequest owes a page: states and events as the network's, and the network itself for what is not claimed. */
import { expect, test } from '@playwright/test';
import { openPlayground } from './tiny-model.ts';

test('a claimed request goes through the states and events of one to the network', async ({ page }) => {
  await page.route('**/as-network', route =>
    route.fulfill({ contentType: 'text/plain', body: 'Ollama is running' }),
  );
  await openPlayground(page);
  const traces = await page.evaluate(() => {
    const events = ['readystatechange', 'loadstart', 'progress', 'load', 'loadend', 'error', 'abort'];
    const trace = (url: string) =>
      new Promise<unknown[]>(resolve => {
        const seen: unknown[] = [];
        const request = new XMLHttpRequest();
        for (const event of events) {
          request.addEventListener(event, ({ type }) =>
            seen.push(`${type} ${request.readyState} ${request.status} ${request.responseText}`),
          );
        }
        request.onloadend = () => {
          const type = request.getResponseHeader('Content-Type')!.split(';')[0];
          const inAll = request.getAllResponseHeaders().includes(`\r\ncontent-type: ${type}`);
          const isItself = request instanceof XMLHttpRequest;
          const address = request.responseURL === new URL(url, location.href).href;
          resolve([...seen, type, inAll, isItself, address, request.response, request.responseXML]);
        };
        seen.push(request.readyState);
        request.open('GET', url);
        request.send();
      });
    return Promise.all(['/as-network', 'http://localhost:11434/'].map(trace));
  });
  expect(traces[0]).toHaveLength(15);
  expect(traces[1]).toEqual(traces[0]);
});

test('an abort is told at once, and the request can be opened anew, for the network as well', async ({
  page,
}) => {
  await page.route('**/api/metadata', route => route.fulfill({ body: "the page's own" }));
  await openPlayground(page);
  const result = await page.evaluate(async () => {
    const seen: string[] = [];
    const request = new XMLHttpRequest();
    for (const event of ['load', 'error', 'abort', 'loadend'])
      request.addEventListener(event, () => seen.push(`${event} ${request.readyState}`));
    const get = (url: string) => {
      request.open('GET', url);
      request.send();
    };
    const loaded = () => new Promise(resolve => request.addEventListener('load', resolve, { once: true }));
    get('/api/version');
    request.abort();
    const aborted = [...seen.splice(0), request.readyState, request.status];
    get('/api/version');
    await loaded();
    const again = request.responseText;
    get('/api/metadata');
    await loaded();
    const own = request.responseText;
    request.open('GET', '/api/version');
    const early = [request.readyState, request.responseText];
    const twice = (() => {
      request.send();
      try {
        request.send();
      } catch (error) {
        return (error as DOMException).name;
      }
    })();
    llama.uninstall();
    await new Promise(resolve => request.addEventListener('loadend', resolve, { once: true }));
    return { aborted, again, own, early, twice, after: seen.at(-1) };
  });
  expect(result).toMatchObject({
    aborted: ['abort 4', 'loadend 4', 0, 0],
    again: '{"version":"0.33.0"}',
    own: "the page's own",
    early: [1, ''],
    twice: 'InvalidStateError',
    after: 'loadend 4',
  });
});

test('a synchronous request stays the network, in every way to ask for one', async ({ page }) => {
  await page.route('**/api/version', route => route.fulfill({ body: 'the network' }));
  await openPlayground(page);
  const texts = await page.evaluate(() =>
    [false, undefined].map(async => {
      const request = new XMLHttpRequest();
      request.open('GET', '/api/version', async as boolean);
      request.send();
      return request.responseText;
    }),
  );
  expect(texts).toEqual(['the network', 'the network']);
});
