import { expect, test } from 'vitest';
import { matchesRoute, matchRoute } from './routes.ts';

test.each([
  '/api/chat',
  '/api/chat/',
  '/api/blobs/sha256:00',
  '/v1/models/a',
  '/v1/messages',
  '/api/version',
])('%s is Ollama’s', path => expect(matchesRoute(path)).toBe(true));

test.each([
  '/',
  '',
  '/api',
  '/api/',
  '/api/metadata',
  '/api/chat/x',
  '/api//chat',
  '/API/chat',
  '/api/blobs',
  '/api/blobs/',
  '/api/blobs/a/b',
  '/v1/models/a/b',
  '/v1/images/generations',
  '/%',
  '/api/chat%2f',
  '/apiXchat',
])('%s is the page’s', path => expect(matchesRoute(path)).toBe(false));

test('a parameter comes decoded', () => {
  expect(matchRoute('/api/blobs/sha256%3Aab')?.parameter).toBe('sha256:ab');
});
