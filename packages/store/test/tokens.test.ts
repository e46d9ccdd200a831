import { describe, expect, test } from 'vitest';
import { createStore } from '../src/index.ts';
import { collect, freshName, name } from './helpers.ts';
import { errorOf, publish, setup } from './registry-setup.ts';

describe('a registry that wants a token', () => {
  test('gives one for what everybody may read, once', async () => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.auth = { token: 'anyone', gives: true };
    await at.pull();
    const asked = at.registry.log.filter(({ line }) => line.startsWith('GET /token'));
    expect(asked.map(({ line }) => line)).toEqual([
      'GET /token?service=registry&scope=repository%3Aa%2Fb%3Apull%2Cpush',
    ]);
  });

  test('gets the one of the page, which never goes to another host', async () => {
    const hosts: string[] = [];
    await using at = await setup({
      findToken: async host => {
        hosts.push(host);
        return 'secret';
      },
    });
    publish(at.registry);
    at.registry.behaviour.auth = { token: 'secret' };
    await at.pull();
    expect(hosts).toEqual([at.registry.host]);
    const sent = at.registry.log.filter(({ authorization }) => authorization);
    expect(sent.length).toBeGreaterThan(4);
    expect(sent.some(({ line }) => line.startsWith('cdn '))).toBe(false);
  });

  test('is not asked for one at another host', async () => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.auth = { token: 'x', realm: 'http://evil.example/token', gives: true };
    expect((await errorOf(at.pull())).message).toBe(
      `pull model manifest: realm host "evil.example" does not match original host "${at.registry.host}"`,
    );
  });

  test.each([
    ['it gives none', undefined, 'pull model manifest: 403: not for you'],
    ['the one of the page is wrong, and it gives none', 'wrong', 'pull model manifest: 403: not for you'],
  ])('and is not satisfied ends the pull: %s', async (_, token, message) => {
    await using at = await setup({ findToken: async () => token });
    publish(at.registry);
    at.registry.behaviour.auth = { token: 'secret' };
    expect(await errorOf(at.pull())).toMatchObject({ status: 500, message });
  });

  test('is told what the page says when it cannot give one, also for a model that is here', async () => {
    let isLost = false;
    await using at = await setup({
      findToken: async () => {
        if (isLost) throw new Error('signed out');
        return 'secret';
      },
    });
    publish(at.registry);
    at.registry.behaviour.auth = { token: 'secret' };
    await at.pull();
    isLost = true;
    expect((await errorOf(at.pull())).message).toBe(
      `pull model manifest: no token for ${at.registry.host}: signed out`,
    );
  });

  test('but hides where to get it ends the pull', async () => {
    const refuse = async () => new Response('', { status: 401 });
    const store = createStore({ base: 'http://x/', database: freshName(), fetch: refuse });
    expect((await errorOf(collect(store.pull(name('h/a/b'))))).message).toBe(
      'pull model manifest: unauthorized: access denied',
    );
  });
});
