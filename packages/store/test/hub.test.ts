import { describe, expect, test } from 'vitest';
import { createStore, type StoreOptions } from '../src/index.ts';
import { bigModel, collect, freshName, name, sha256, tiny, words } from './helpers.ts';
import { startRegistry } from './registry-server.ts';
import { errorOf } from './registry-setup.ts';
import { splitModel } from './split.ts';

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
