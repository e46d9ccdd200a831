import { afterEach, describe, expect, test, vi } from 'vitest';
import { createStore, type StoreOptions } from '../src/index.ts';
import { bigModel, collect, freshName, keysOf, name, sha256, tiny, words } from './helpers.ts';
import { type RegistryServer, startRegistry } from './registry-server.ts';
import { config, errorOf, full, publish, setup } from './registry-setup.ts';

const big = bigModel(5);
const endless = () =>
  new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536).fill(65)) });

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a pull from a registry', () => {
  test('brings layers and config, and keeps the bytes of the manifest', async () => {
    await using at = await setup();
    const text = publish(at.registry, tiny, 3);
    const lines = await at.pull();
    const { layers, config } = JSON.parse(text);
    const whole = [...layers, config].map(({ digest, size }) => full(digest, size));
    expect(lines[0]).toEqual({ status: 'pulling manifest' });
    for (const line of whole) expect(lines).toContainEqual(line);
    expect(words(lines.slice(-3))).toEqual(['verifying sha256 digest', 'writing manifest', 'success']);
    const model = (await at.store.find(at.full('tiny:1')))!;
    expect(`sha256:${model.digest}`).toBe(sha256(new TextEncoder().encode(text)));
    expect(model).toMatchObject({
      template: '{{ .Prompt }}',
      parameters: { stop: ['END'] },
      config: { model_type: '260K' },
    });
    expect(await at.bytes()).toEqual(tiny);
    // the blobs came from elsewhere, by a redirect
    expect(at.registry.log.filter(({ line }) => line.startsWith('cdn ')).length).toBe(4);
  });

  test('of what is here already has one line for each blob, and asks for the manifest only', async () => {
    await using at = await setup();
    const text = publish(at.registry);
    await at.pull();
    at.registry.log.length = 0;
    const { layers, config } = JSON.parse(text);
    expect(await at.pull()).toEqual([
      { status: 'pulling manifest' },
      ...[...layers, config].map(({ digest, size }) => full(digest, size)),
      { status: 'verifying sha256 digest' },
      { status: 'writing manifest' },
      { status: 'success' },
    ]);
    expect(at.registry.log.map(({ line }) => line)).toEqual(['GET /v2/library/tiny/manifests/1']);
  });

  test('of a new version drops what only the old one had', async () => {
    await using at = await setup();
    publish(at.registry);
    await at.pull();
    publish(at.registry, bigModel(6, 400_000));
    expect(words(await at.pull())).toContain('removing unused layers');
    expect(await at.store.hasBlob(sha256(tiny))).toBe(false);
  });

  test('goes on where it was cut off, by the digest alone', async () => {
    await using at = await setup();
    publish(at.registry, big);
    const { file } = at.registry.behaviour;
    file.etag = undefined;
    file.cuts.push(3_000_000, 5_000_000);
    await at.pull();
    const ranges = at.registry.log.filter(({ line }) => line.includes(`cdn GET /blob/${sha256(big)}`));
    expect(ranges.length).toBe(3);
    expect(ranges.slice(1).every(({ range }) => range !== 'bytes=0-')).toBe(true);
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('that was aborted goes on later, from another mirror too', async () => {
    await using at = await setup();
    await using mirror = await startRegistry();
    publish(at.registry, big);
    publish(mirror, big);
    at.registry.behaviour.file.hangAfter = 7_000_000;
    for await (const { completed } of at.store.pull(at.full('tiny:1'), { insecure: true })) {
      if ((completed ?? 0) > 5_000_000) break;
    }
    await collect(at.store.pull(name(`${mirror.host}/library/tiny:1`), { insecure: true }));
    expect(mirror.log.find(({ line }) => line.startsWith('cdn '))!.range).toMatch(/^bytes=[5-7]\d{6}-$/);
    expect(await at.store.hasBlob(sha256(big))).toBe(true);
  });

  test('starts a blob anew where the server knows no ranges', async () => {
    await using at = await setup();
    publish(at.registry, big);
    Object.assign(at.registry.behaviour.file, { ranges: false, cuts: [3_000_000] });
    await at.pull();
    expect(sha256(await at.bytes())).toBe(sha256(big));
  });

  test('refuses a blob of another digest, and does not keep it', async () => {
    await using at = await setup();
    publish(at.registry);
    const other = bigModel(7, 500_000);
    at.registry.behaviour.wrong.set(sha256(tiny), other);
    const error = await errorOf(at.pull());
    expect(error.message).toBe(
      `digest mismatch, file must be downloaded again: want ${sha256(tiny)}, got ${sha256(other)}`,
    );
    expect(await keysOf(at.database)).toEqual({});
    at.registry.behaviour.wrong.clear();
    expect(words(await at.pull()).at(-1)).toBe('success');
  });

  test.each([
    ['config', '<html>'],
    ['config', '{"capabilities":7}'],
    ['config', '{"remote_host":{}}'],
    ['params', '["temperature"]'],
    ['messages', '{"role":"user","content":"Q"}'],
    ['messages', '[{"role":"user"}]'],
  ])('refuses a model whose %s is %s, and the others stay in sight', async (type, text) => {
    await using at = await setup();
    publish(at.registry);
    await at.pull();
    const { layer } = at.registry;
    const rest = type === 'config' ? [layer(type, text)] : [layer(type, text), layer('config', config)];
    at.registry.publish('library/bad:1', [layer('model', tiny), ...rest]);
    expect(await errorOf(at.pull('bad:1'))).toMatchObject({
      status: 500,
      message: `the ${type} of the model cannot be read`,
    });
    expect((await at.store.list()).map(({ name }) => name)).toEqual([at.full('tiny:1')]);
    expect(await at.store.find(at.full('bad:1'))).toBe(undefined);
  });

  test('fills in what a config does not say', async () => {
    await using at = await setup();
    at.registry.publish('library/tiny:1', [
      at.registry.layer('config', '{"renderer":null,"model_format":"gguf","rootfs":{}}'),
    ]);
    await at.pull();
    expect((await at.store.find(at.full('tiny:1')))!.config).toEqual({
      ...{ model_format: 'gguf', model_family: '', model_families: null, model_type: '', file_type: '' },
      rootfs: {},
    });
  });

  test('brings a layer without bytes', async () => {
    await using at = await setup();
    at.registry.publish('library/tiny:1', [
      at.registry.layer('license', ''),
      at.registry.layer('config', config),
    ]);
    expect(words(await at.pull()).at(-1)).toBe('success');
    expect((await at.store.find(at.full('tiny:1')))!.licenses).toEqual(['']);
    // and of another digest than that of no bytes, it is refused
    const wrong = { ...at.registry.layer('license', 'x'), size: 0 };
    at.registry.publish('library/tiny:1', [wrong, at.registry.layer('config', config)]);
    expect((await errorOf(at.pull())).message).toMatch(/^digest mismatch/);
  });

  test('finds what it has brought before it was interrupted, though others wrote meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await using at = await setup();
    const first = bigModel(8, 500_000);
    at.registry.publish('library/tiny:1', [
      at.registry.layer('model', first),
      at.registry.layer('model', big),
      at.registry.layer('config', config),
    ]);
    at.registry.behaviour.file.hangAfter = 7_000_000;
    for await (const { digest, completed } of at.store.pull(at.full('tiny:1'), { insecure: true })) {
      if (digest === sha256(big) && (completed ?? 0) > 5_000_000) break;
    }
    vi.setSystemTime(Date.now() + 7_200_000);
    publish(at.registry);
    at.registry.manifests.set('library/other:1', at.registry.manifests.get('library/tiny:1')!);
    await at.pull('other:1');
    expect(await at.store.hasBlob(sha256(first))).toBe(true);
  });

  test('waits and asks again while the registry is busy, as long as it says', async () => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.failures.push(
      { match: /manifests/, status: 429, times: 1, retryAfter: '1' },
      { match: /manifests/, status: 500, times: 2 },
      { match: /GET .*blobs/, status: 503, times: 3 },
    );
    const waits = vi.spyOn(globalThis, 'setTimeout');
    expect(words(await at.pull()).at(-1)).toBe('success');
    expect(waits.mock.calls.filter(([, ms]) => ms === 1000).length).toBe(1);
  });

  test.each<[string, RegistryServer['behaviour']['failures'][number], string]>([
    [
      'a manifest is refused',
      { match: /manifests/, status: 400, times: 1 },
      'pull model manifest: 400: no 400',
    ],
    [
      'a manifest is not there',
      { match: /manifests/, status: 404, times: 1 },
      'pull model manifest: file does not exist',
    ],
    [
      'the registry stays broken',
      { match: /manifests/, status: 500, times: 9 },
      'pull model manifest: 500: no 500',
    ],
    ['a blob is not there', { match: /blobs/, status: 404, times: 1 }, 'file does not exist'],
  ])('ends where %s', async (_, failure, message) => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.failures.push(failure);
    expect(await errorOf(at.pull())).toMatchObject({ status: 500, message });
    expect(await at.store.list()).toEqual([]);
  });

  test.each([500, 429])('gives up on a blob that is answered with %i again and again', async status => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.failures.push({ match: /blobs/, status, times: 99 });
    expect((await errorOf(at.pull())).message).toMatch(/^max retries exceeded: .* answered /);
    expect(at.registry.log.filter(({ line }) => line.includes('/blobs/')).length).toBe(6);
  });

  test('gives up at once where the registry wants hours', async () => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.failures.push({ match: /manifests/, status: 429, times: 9, retryAfter: '7200' });
    expect((await errorOf(at.pull())).message).toBe('pull model manifest: 429: no 429');
    expect(at.registry.log.length).toBe(1);
  });

  test.each([
    ['<html>', /^pull model manifest: .*JSON/],
    ['null', /^pull model manifest: a layer of a manifest lacks/],
    ['{"config":{},"layers":[]}', /^pull model manifest: a layer of a manifest lacks/],
    [
      `{"config":{"mediaType":"x","digest":"sha256:${'a'.repeat(64)}","size":-1}}`,
      /^pull model manifest: a layer/,
    ],
    [
      `{"config":{"mediaType":"x","digest":"sha256:${'a'.repeat(64)}","size":67108865}}`,
      /^pull model manifest: a config, template and other texts of 67108865 bytes/,
    ],
    [
      '{"config":{"mediaType":"x","digest":"sha256:../x","size":1}}',
      /^pull model manifest: invalid digest format/,
    ],
    [
      `{"config":{"mediaType":"x","digest":"sha256:${'a'.repeat(64)}","size":1e99}}`,
      /^pull model manifest: a layer/,
    ],
    ['{"layers":7}', /^pull model manifest: the layers of a manifest are no list/],
    ['x'.repeat(5_000_000), /^pull model manifest: .* sent more than 4194304 bytes/],
  ])('refuses the manifest %.60s', async (text, message) => {
    await using at = await setup();
    at.registry.manifests.set('library/tiny:1', text);
    expect(await errorOf(at.pull())).toMatchObject({ status: 500, message: expect.stringMatching(message) });
    expect(await keysOf(at.database)).toEqual({});
  });

  test('refuses a model of tensor layers as Ollama does without MLX', async () => {
    await using at = await setup();
    at.registry.publish('library/tiny:1', [
      at.registry.layer('tensor', tiny),
      at.registry.layer('config', config),
    ]);
    expect((await errorOf(at.pull())).message).toBe(
      'pull model manifest: this model requires MLX support, but the MLX runtime is not available',
    );
  });

  test.each<[string, () => Response]>([
    ['a manifest', () => new Response(endless())],
    ['a refusal', () => new Response(endless(), { status: 400 })],
    [
      'a token',
      () => {
        const bearer = { 'www-authenticate': 'Bearer realm="https://h/token"' };
        return new Response(endless(), { status: 401, headers: bearer });
      },
    ],
  ])('reads no more than it must of %s without an end', async (what, answer) => {
    const fetch = async (url: unknown) =>
      what === 'a token' && String(url).includes('/token') ? new Response(endless()) : answer();
    const store = createStore({
      base: 'http://x/',
      database: freshName(),
      fetch: fetch as typeof globalThis.fetch,
    });
    expect((await errorOf(collect(store.pull(name('h/a/b'))))).message.slice(0, 60)).toMatch(
      what === 'a refusal' ? /^pull model manifest: 400: AAAA/ : /^pull model manifest: .*sent more than/,
    );
  });

  test('ends at once when it is aborted, also while it waits for a busy registry', async () => {
    await using at = await setup({ retryMs: 60_000 });
    publish(at.registry);
    at.registry.behaviour.failures.push({ match: /manifests/, status: 500, times: 9 });
    const controller = new AbortController();
    const pulling = at.pull('tiny:1', controller.signal);
    while (at.registry.log.length === 0) await new Promise(resolve => setTimeout(resolve, 5));
    controller.abort('enough');
    await expect(pulling).rejects.toBe('enough');
  });
});

describe('where a registry is', () => {
  test('is set by the page for names without a host, and by host', async () => {
    await using registry = await startRegistry();
    publish(registry);
    const pull = async (text: string, where: StoreOptions['registry']) => {
      const store = createStore({ base: 'http://x/', database: freshName(), registry: where });
      await collect(store.pull(name(text)));
      return (await store.list()).map(model => model.name);
    };
    expect(await pull('tiny:1', registry.url)).toEqual([name('tiny:1')]);
    expect(await pull('tiny:1', { 'registry.ollama.ai': `${registry.url}/` })).toEqual([name('tiny:1')]);
    expect(await pull('Models.Example/library/tiny:1', { 'models.example': registry.url })).toHaveLength(1);
  });

  test("is nowhere for Ollama's own names unless the page says so, and nothing is asked", async () => {
    const asked: string[] = [];
    const store = createStore({
      base: 'http://x/',
      database: freshName(),
      fetch: async url => {
        asked.push(String(url));
        throw new TypeError('no network');
      },
    });
    const message = 'pull model manifest: file does not exist';
    await expect(collect(store.pull(name('tiny:1')))).rejects.toMatchObject({ status: 500, message });
    expect(asked).toEqual([]);
  });

  test('is https unless the pull is an insecure one', async () => {
    const asked: string[] = [];
    const fetch = async (url: unknown) => {
      asked.push(String(url));
      throw new TypeError('no network');
    };
    const store = createStore({
      base: 'http://x/',
      database: freshName(),
      fetch: fetch as typeof globalThis.fetch,
    });
    await errorOf(collect(store.pull(name('host:5000/a/b'))));
    const error = await errorOf(collect(store.pull(name('host:5000/a/b'), { insecure: true })));
    expect(asked).toEqual([
      'https://host:5000/v2/a/b/manifests/latest',
      'http://host:5000/v2/a/b/manifests/latest',
    ]);
    expect(error.message).toMatch(/^pull model manifest: cannot reach http:\/\/host:5000.*no network/);
  });

  test('is refused when it is no URL', () => {
    for (const registry of ['ftp://x', { 'a.b': 'data:,x' }]) {
      expect(() => createStore({ base: 'http://x/', registry })).toThrow('registry: ');
    }
  });
});
