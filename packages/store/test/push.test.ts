import { describe, expect, test } from 'vitest';
import type { StoreOptions } from '../src/index.ts';
import { collect, name, sha256, tiny, words } from './helpers.ts';
import type { RegistryServer } from './registry-server.ts';
import { errorOf, full, publish, setup } from './registry-setup.ts';

describe('a push', () => {
  async function withModel(options: Partial<StoreOptions> = {}) {
    const at = await setup(options);
    publish(at.registry);
    await at.pull();
    await at.store.copy(at.full('tiny:1'), at.full('pushed'));
    at.registry.blobs.clear();
    at.registry.manifests.clear();
    at.registry.log.length = 0;
    return at;
  }

  test('uploads what the registry lacks, and the manifest last', async () => {
    await using at = await withModel();
    const { manifest } = (await at.store.find(at.full('pushed')))!;
    const there = at.registry.layer('template', '{{ .Prompt }}');
    const lines = await at.push('pushed');
    const whole = [...manifest.layers, manifest.config].map(({ digest, size }) => ({
      ...full(digest, size),
      status: `pushing ${digest.slice(7, 19)}`,
    }));
    expect(lines.filter(({ completed, total }) => total === undefined || completed === total)).toEqual([
      { status: 'retrieving manifest' },
      ...whole,
      { status: 'pushing manifest' },
      { status: 'success' },
    ]);
    const asked = at.registry.log.map(({ line }) => line.replace(/\?.*/, ''));
    expect(asked.slice(0, 4)).toEqual([
      `HEAD /v2/library/pushed/blobs/${sha256(tiny)}`,
      'POST /v2/library/pushed/blobs/uploads/',
      'PATCH /v2/library/pushed/blobs/uploads/u1',
      'PUT /v2/library/pushed/blobs/uploads/u1',
    ]);
    expect(asked.filter(line => line.includes(there.digest))).toEqual([
      `HEAD /v2/library/pushed/blobs/${there.digest}`,
    ]);
    expect(asked.at(-1)).toBe('PUT /v2/library/pushed/manifests/latest');
    // as Ollama writes it: without the line end that a stored manifest may have
    expect(at.registry.manifests.get('library/pushed:latest')).toBe(JSON.stringify(manifest));
    expect(sha256(at.registry.blobs.get(sha256(tiny))!)).toBe(sha256(tiny));
  });

  test('of a model that is not here', async () => {
    await using at = await setup();
    const lines: string[] = [];
    const error = await errorOf(
      (async () => {
        for await (const { status } of at.store.push(at.full('nothing'))) lines.push(status);
      })(),
    );
    expect(lines).toEqual(['retrieving manifest', "couldn't retrieve manifest"]);
    expect(error).toMatchObject({
      status: 500,
      message: `open manifests/${at.registry.host}/library/nothing/latest: no such file or directory`,
    });
  });

  test('lets the registry take a blob over from the model that it came from', async () => {
    await using at = await withModel();
    const model = (await at.store.find(at.full('tiny:1')))!;
    const layers = model.manifest.layers.map(layer => ({ ...layer, from: 'library/tiny:1' }));
    await at.store.putManifest(at.full('child'), { ...model.manifest, layers });
    publish(at.registry);
    const elsewhere = new Map(at.registry.blobs);
    at.registry.behaviour.mounts = true;
    at.registry.behaviour.failures.push({ match: /^HEAD/, status: 404, times: 99 });
    await at.push('child');
    const mounted = at.registry.log.filter(({ line }) => line.includes('mount='));
    expect(mounted.map(({ line }) => line)[0]).toBe(
      `POST /v2/library/child/blobs/uploads/?mount=${encodeURIComponent(sha256(tiny))}&from=library%2Ftiny`,
    );
    expect(at.registry.log.filter(({ line }) => line.startsWith('PATCH')).length).toBe(1); // the config
    expect(elsewhere.size).toBe(4);
  });

  test('goes on when the registry fails and when the connection breaks', async () => {
    await using at = await withModel();
    at.registry.behaviour.failures.push(
      { match: /^PATCH/, status: 500, times: 2 },
      { match: /^PATCH/, status: 0, times: 1, cut: true },
      { match: /^PUT .*manifests/, status: 429, times: 1, retryAfter: '0' },
    );
    expect(words(await at.push('pushed')).at(-1)).toBe('success');
    expect(sha256(at.registry.blobs.get(sha256(tiny))!)).toBe(sha256(tiny));
  });

  test('with a token, from the page or from the registry', async () => {
    await using at = await withModel();
    at.registry.behaviour.auth = { token: 'anyone', gives: true };
    expect(words(await at.push('pushed')).at(-1)).toBe('success');
  });

  test.each<[string, Partial<RegistryServer['behaviour']>, string | RegExp]>([
    ['is refused', { failures: [{ match: /^POST/, status: 403, times: 1 }] }, '403: no 403'],
    ['stays broken', { failures: [{ match: /^PATCH/, status: 500, times: 99 }] }, '500: no 500'],
    ['wants a token', { auth: { token: 'x' } }, '403: not for you'],
    [
      'cannot be read',
      { hideLocation: true },
      /does not say, or does not let this page read, where to upload/,
    ],
  ])('ends when it %s', async (_, behaviour, message) => {
    await using at = await withModel();
    Object.assign(at.registry.behaviour, behaviour);
    expect(await errorOf(at.push('pushed'))).toMatchObject({
      status: 500,
      message: expect.stringMatching(message),
    });
    expect(at.registry.manifests.size).toBe(0);
  });

  test('of a name without a host needs a registry that the page sets', async () => {
    await using at = await withModel();
    await at.store.copy(at.full('tiny:1'), name('tiny:1'));
    expect((await errorOf(collect(at.store.push(name('tiny:1'))))).message).toBe(
      'no registry for registry.ollama.ai: set one with install({ registry })',
    );
  });
});
