import 'fake-indexeddb/auto';
import type { Progress, StatusError } from '@tabllama/api';
import { describe, expect, test } from 'vitest';
import { createStore, type StoreOptions } from '../src/index.ts';
import { bigModel, collect, freshName, keysOf, name, readAll, sha256, tiny, words } from './helpers.ts';
import { type RegistryServer, startRegistry } from './registry-server.ts';
import { splitModel } from './split.ts';

const big = bigModel(5);
const config = JSON.stringify({
  model_format: 'gguf',
  model_family: 'llama',
  model_families: ['llama'],
  model_type: '260K',
  file_type: 'Q8_0',
});

async function setup(options: Partial<StoreOptions> = {}) {
  const registry = await startRegistry();
  const database = freshName();
  const store = createStore({ base: 'http://localhost/', database, retryMs: 1, ...options });
  const full = (model: string) => name(`${registry.host}/library/${model}`);
  const insecure = { insecure: true };
  return {
    registry,
    database,
    store,
    full,
    pull: (model = 'tiny:1', signal?: AbortSignal) => collect(store.pull(full(model), insecure, signal)),
    push: (model: string) => collect(store.push(full(model), insecure)),
    bytes: async (model = 'tiny:1') => readAll((await store.open((await store.find(full(model)))!)).weights),
    [Symbol.asyncDispose]: registry[Symbol.asyncDispose],
  };
}

function publish(registry: RegistryServer, weights = tiny, space?: number): string {
  const layers = [
    registry.layer('model', weights),
    registry.layer('template', '{{ .Prompt }}'),
    registry.layer('params', '{"stop":["END"]}'),
    registry.layer('config', config),
  ];
  return registry.publish('library/tiny:1', layers, space);
}

const errorOf = (work: Promise<unknown>): Promise<StatusError> =>
  work.then(
    () => expect.fail('it succeeded'),
    reason => reason,
  );
const full = (digest: string, size: number): Progress => ({
  status: `pulling ${digest.slice(7, 19)}`,
  digest,
  total: size,
  completed: size,
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

  test('waits and asks again while the registry is busy, as long as it says', async () => {
    await using at = await setup();
    publish(at.registry);
    at.registry.behaviour.failures.push(
      { match: /manifests/, status: 429, times: 1, retryAfter: '1' },
      { match: /manifests/, status: 500, times: 2 },
      { match: /GET .*blobs/, status: 503, times: 3 },
    );
    const begin = performance.now();
    expect(words(await at.pull()).at(-1)).toBe('success');
    expect(performance.now() - begin).toBeGreaterThan(1000);
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
      '{"config":{"mediaType":"x","digest":"sha256:../x","size":1}}',
      /^pull model manifest: invalid digest format/,
    ],
    [
      `{"config":{"mediaType":"x","digest":"sha256:${'a'.repeat(64)}","size":1e99}}`,
      /^pull model manifest: a layer/,
    ],
    ['{"layers":7}', /^pull model manifest: the layers of a manifest are no list/],
    ['x'.repeat(5_000_000), /^pull model manifest: a manifest of 5000000 bytes/],
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

describe('a pull from Hugging Face', () => {
  async function hub(options: Partial<StoreOptions> = {}) {
    const registry = await startRegistry();
    const database = freshName();
    const store = createStore({
      base: 'http://x/',
      database,
      retryMs: 1,
      registry: { 'hf.co': registry.url },
      ...options,
    });
    const files = new Map<string, { bytes: Uint8Array; lfs: boolean }>();
    registry.repositories.set('user/repo-GGUF', files);
    const add = (path: string, bytes: Uint8Array | string) =>
      files.set(path, {
        bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
        lfs: typeof bytes !== 'string',
      });
    return {
      registry,
      store,
      add,
      pull: (quant = '') => collect(store.pull(name(`hf.co/user/repo-GGUF${quant}`))),
      weights: async () => (await store.list())[0].model?.digest,
      [Symbol.asyncDispose]: registry[Symbol.asyncDispose],
    };
  }
  const variants = ['Q8_0', 'IQ4_XS', 'Q4_K_S', 'Q4_K_M', 'Q4_K_M_L'].map((quant, i) => ({
    quant,
    bytes: bigModel(20 + i, 350_000),
  }));

  test.each([
    ['', 'Q4_K_M'],
    [':latest', 'Q4_K_M'],
    [':q8_0', 'Q8_0'],
    [':Q4_K_S', 'Q4_K_S'],
    [':Q4_K_M_L', 'Q4_K_M_L'],
  ])('of the tag %j takes the file of %s, whose digest is known from the start', async (tag, quant) => {
    await using at = await hub();
    for (const each of variants) at.add(`Model-1B-${each.quant}.gguf`, each.bytes);
    at.add('mmproj-Model-Q8_0.gguf', tiny);
    at.add('README.md', '# Model');
    const lines = await at.pull(tag);
    const { bytes } = variants.find(each => each.quant === quant)!;
    expect(await at.weights()).toBe(sha256(bytes));
    expect(lines.filter(({ digest }) => digest).every(({ digest }) => digest === sha256(bytes))).toBe(true);
    expect(at.registry.log.map(({ line }) => line)).toEqual([
      'GET /api/models/user/repo-GGUF/tree/main?recursive=true',
      `GET /user/repo-GGUF/resolve/main/Model-1B-${quant}.gguf`,
      `cdn GET /lfs/${sha256(bytes)}`,
    ]);
    const [model] = await at.store.list();
    expect(model.config).toMatchObject({ model_family: 'llama', file_type: 'Q8_0' });
  });

  test('without Q4_K_M takes another Q4, and else the first', async () => {
    await using at = await hub();
    at.add('m-Q8_0.gguf', variants[0].bytes);
    at.add('m-Q5_0.gguf', variants[1].bytes);
    await at.pull();
    expect(await at.weights()).toBe(sha256(variants[1].bytes));
    at.add('sub dir/m-Q4_0.gguf', variants[2].bytes);
    await at.pull();
    expect(await at.weights()).toBe(sha256(variants[2].bytes));
  });

  test('takes the template, system text and params that lie in the repository', async () => {
    await using at = await hub();
    at.add('m-Q8_0.gguf', tiny);
    at.add('template', '{{ .Prompt }}');
    at.add('system', 'Be brief.');
    at.add('params', '{ "temperature": 0.1 }');
    await at.pull(':Q8_0');
    const [model] = await at.store.list();
    expect(model).toMatchObject({
      template: '{{ .Prompt }}',
      system: 'Be brief.',
      parameters: { temperature: 0.1 },
    });
  });

  test('takes all parts of a split model, which are one model', async () => {
    await using at = await hub();
    const parts = await splitModel(tiny, 3);
    for (const [i, part] of parts.entries()) at.add(`Q8_0/m-Q8_0-0000${i + 1}-of-00003.gguf`, part);
    await at.pull(':Q8_0');
    const [model] = await at.store.list();
    expect(model.manifest.layers.map(({ digest }) => digest)).toEqual(parts.map(sha256));
    expect(model.config).toMatchObject({ model_type: '260K' });
    await expectSameModel(at.store, model);
  });

  test.each<[string, (at: Awaited<ReturnType<typeof hub>>) => void, string, string]>([
    ['no repository', at => at.registry.repositories.clear(), '', 'file does not exist'],
    ['no GGUF in it', at => at.add('README.md', 'x'), '', 'hf.co/user/repo-GGUF has no GGUF files'],
    [
      'no such quantization',
      at => at.add('m-Q8_0.gguf', tiny),
      ':Q2_K',
      'hf.co/user/repo-GGUF has no file for "Q2_K", only m-Q8_0',
    ],
    [
      'a broken hub',
      at => at.registry.behaviour.failures.push({ match: /api/, status: 500, times: 9 }),
      '',
      '500: no 500',
    ],
    [
      'a private repository',
      at => {
        at.registry.behaviour.auth = { token: 'hf_x' };
      },
      '',
      '403: not for you',
    ],
  ])('where there is %s', async (_, arrange, tag, message) => {
    await using at = await hub();
    arrange(at);
    expect(await errorOf(at.pull(tag))).toMatchObject({
      status: 500,
      message: `pull model manifest: ${message}`,
    });
  });

  test('of a private repository uses the token of the page', async () => {
    await using at = await hub({ findToken: async () => 'hf_secret' });
    at.add('m-Q8_0.gguf', tiny);
    at.registry.behaviour.auth = { token: 'hf_secret' };
    expect(words(await at.pull()).at(-1)).toBe('success');
  });
});

describe('a split model behind URLs', () => {
  test('is pulled with all of its parts, and named without their number', async () => {
    await using registry = await startRegistry();
    const files = new Map(
      (await splitModel(tiny, 2)).map((bytes, i) => [`m-0000${i + 1}-of-00002.gguf`, { bytes, lfs: true }]),
    );
    registry.repositories.set('a/b', files);
    const store = createStore({ base: 'http://x/', database: freshName() });
    await collect(store.pull(new URL(`${registry.url}/a/b/resolve/main/m-00001-of-00002.gguf`)));
    const [model] = await store.list();
    expect(model.name).toEqual(name('m:latest'));
    await expectSameModel(store, model);
  });

  test('is refused when a part is one of another model', async () => {
    await using registry = await startRegistry();
    const [first] = await splitModel(tiny, 2);
    const [, second] = await splitModel(tiny, 3);
    const files = { 'm-00001-of-00002.gguf': first, 'm-00002-of-00002.gguf': second };
    registry.repositories.set(
      'a/b',
      new Map(Object.entries(files).map(([path, bytes]) => [path, { bytes, lfs: true }])),
    );
    const store = createStore({ base: 'http://x/', database: freshName() });
    const url = new URL(`${registry.url}/a/b/resolve/main/m-00001-of-00002.gguf`);
    await expect(collect(store.pull(url))).rejects.toMatchObject({
      status: 500,
      message: '2 parts of a model of 3',
    });
    expect(await store.list()).toEqual([]);
  });
});

/** Every tensor of the model has the bytes that it has in the tiny one. */
async function expectSameModel(
  store: ReturnType<typeof createStore>,
  model: Parameters<typeof store.open>[0],
) {
  const { readGguf, sourceFromBytes } = await import('@tabllama/gguf');
  const whole = await readGguf(sourceFromBytes(tiny));
  const { gguf, weights } = await store.open(model);
  expect([...gguf.metadata]).toEqual([...whole.metadata]);
  expect([...gguf.tensors.keys()]).toEqual([...whole.tensors.keys()]);
  for (const { name, offset, bytes } of gguf.tensors.values()) {
    const original = whole.tensors.get(name)!;
    const expected = tiny.subarray(original.offset, original.offset + bytes);
    expect(Buffer.compare(await weights.read(offset, bytes), expected)).toBe(0);
  }
  // reads that cross from one part into the next
  const all = await weights.read(0, weights.size);
  expect(Buffer.compare(await weights.read(1000, weights.size - 2000), all.subarray(1000, -1000))).toBe(0);
}
