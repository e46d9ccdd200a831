import { afterEach, expect, test, vi } from 'vitest';
import { createClaim } from './claim.ts';
import { interceptFetch } from './intercept.ts';

const networkFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = networkFetch;
});

const page = 'https://page.example';
const asClaimed = (options: Parameters<typeof createClaim>[0], url: string) =>
  createClaim(options, new URL(page))(URL.parse(url, `${page}/app/`));
const claimed = (...args: Parameters<typeof asClaimed>) => asClaimed(...args) !== undefined;

test.each(['/api/chat', '/api/tags?x=1', '/api/blobs/sha256:00', '/v1/models/a', '/api/generate/'])(
  "%s on the page's own origin is Ollama's",
  path => expect(claimed({}, path)).toBe(true),
);

test.each([
  '/',
  '/api/metadata',
  '/api/',
  '/api/chat/more',
  'api/chat',
  '/API/chat',
  '/v1/files',
  '/api/blobs/',
])("%s on the page's own origin stays the page's", path => expect(claimed({}, path)).toBe(false));

test.each(['http://localhost:11434', 'http://127.0.0.1:11434'])(
  '%s is claimed with all of its paths',
  origin => {
    for (const path of ['/', '/api/chat', '/anything?at=all']) {
      expect(claimed({}, origin + path)).toBe(true);
      expect(claimed({ origins: [] }, origin + path)).toBe(false);
    }
  },
);

test.each([
  'http://localhost:11435/api/chat',
  'https://localhost:11434/api/chat',
  'https://ollama.com/api/chat',
  'blob:x',
])('%s is not claimed', url => expect(claimed({}, url)).toBe(false));

test('what is claimed is an option', () => {
  expect(claimed({ ownOrigin: false }, '/api/chat')).toBe(false);
  expect(claimed({ origins: ['https://ai.example'] }, 'https://ai.example/x')).toBe(true);
  for (const origin of ['nowhere', 'localhost:11434'])
    expect(() => createClaim({ origins: [origin] }, new URL(page))).toThrow(TypeError);
});

test.each(['http://page.example:11434', 'https://page.example:11434'])(
  "the page's own host is claimed at Ollama's port: %s",
  origin => expect(claimed({}, `${origin}/api/chat`)).toBe(true),
);

test('a path of an origin is taken off, and claims nothing beside it', () => {
  const origins = ['/ollama/', 'https://ai.example/a/b'];
  expect(asClaimed({ origins }, '/ollama/api/tags?x=1#y')).toBe(`${page}/api/tags?x=1`);
  expect(asClaimed({ origins, ownOrigin: false }, '/ollama/v1/models')).toBe(`${page}/v1/models`);
  expect(asClaimed({ origins }, '/api/tags')).toBe(`${page}/api/tags`);
  expect(asClaimed({ origins }, 'https://ai.example/a/b/anything')).toBe('https://ai.example/anything');
  for (const url of ['/ollama/', '/ollama/index.js', '/ollamas/api/tags', 'https://ai.example/a/api/tags'])
    expect(asClaimed({ origins }, url)).toBeUndefined();
});

test('a page at the address of Ollama keeps its own origin when that is its wish', () => {
  const claim = createClaim({ ownOrigin: false }, new URL('http://localhost:11434/'));
  expect(claim(new URL('http://localhost:11434/api/chat'))).toBeUndefined();
  expect(claim(new URL('http://127.0.0.1:11434/api/chat'))).toBeDefined();
});

test('a page without a host claims Ollama', () => {
  const claim = createClaim({}, new URL('file:///home/page.html'));
  expect(claim(new URL('http://localhost:11434/api/chat'))).toBe('http://localhost:11434/api/chat');
});

test('a call that is not claimed reaches the fetch that was there, with the very same arguments', async () => {
  const calls: unknown[][] = [];
  const response = Promise.resolve(new Response());
  const original = function (this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
    return response;
  };
  globalThis.fetch = original;
  interceptFetch(url => String(url).startsWith('http://claimed'), vi.fn());
  const request = new Request('http://other/');
  const init = {};
  expect(fetch(request)).toBe(response);
  expect(fetch('http://other/', init)).toBe(response);
  expect(fetch('http://')).toBe(response);
  expect(calls[0]).toEqual([globalThis, request]);
  expect(calls[0][1]).toBe(request);
  expect(calls[1][2]).toBe(init);
  expect(calls[2]).toEqual([globalThis, 'http://']);
  expect(request.bodyUsed).toBe(false);
});

test('strings, URLs and Requests are claimed alike, and the arguments are those of the call', async () => {
  const answer = vi.fn(async () => new Response('answer'));
  globalThis.fetch = vi.fn();
  interceptFetch(url => String(url).startsWith('http://claimed'), answer);
  const init = { method: 'POST' };
  for (const input of ['http://claimed/', new URL('http://claimed/'), new Request('http://claimed/')]) {
    expect(await (await fetch(input, init)).text()).toBe('answer');
    expect(answer).toHaveBeenLastCalledWith(input, init);
  }
});

test('restoring puts the very same fetch back', () => {
  const restore = interceptFetch(() => true, vi.fn());
  expect(globalThis.fetch).not.toBe(networkFetch);
  restore();
  expect(globalThis.fetch).toBe(networkFetch);
});

test('restoring below a patch of someone else leaves that one, and lets everything through', async () => {
  const original = vi.fn(async () => new Response('network'));
  globalThis.fetch = original;
  const restore = interceptFetch(
    () => true,
    async () => new Response('worker'),
  );
  const ours = globalThis.fetch;
  const theirs: typeof fetch = (...args) => ours(...args);
  globalThis.fetch = theirs;
  expect(await (await fetch('http://x/')).text()).toBe('worker');
  restore();
  expect(globalThis.fetch).toBe(theirs);
  expect(await (await fetch('http://x/')).text()).toBe('network');
});
