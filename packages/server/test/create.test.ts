/** What create makes of files and of other models, and what it refuses, in Ollama's words and at Ollama's point. */
import { readFileSync } from 'node:fs';
import { parseModelName } from '@tabllama/api';
import { createServer } from '@tabllama/server';
import { beforeEach, describe, expect, test } from 'vitest';
import { readFolder } from '../../create/test/fixtures.ts';
import { splitModel } from '../../store/test/split.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { saidToBe } from './said-to-be.ts';

const file = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../fixtures/models/${name}`, import.meta.url)));
const q8 = file('stories260K-q8_0.gguf');
const f16 = file('llama-2-tiny-random.gguf');
const bf16 = saidToBe(file('stories260K-f32.gguf'), 32);

let store: MemoryStore;
let server: ReturnType<typeof createServer>;
let digest: string;

beforeEach(async () => {
  store = createMemoryStore();
  server = createServer({ engines: [], store });
  await store.install(parseModelName('Base:1b')!, q8, {
    params: '{"stop":["a","b"],"top_k":5}',
    system: 'Old.',
  });
  await store.install(parseModelName('half')!, f16);
  digest = await put('something else');
});

async function put(content: string | Uint8Array): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return (await store.putBlob(bytes)).digest;
}

const post = (path: string, body: object) =>
  server.fetch(new Request(`http://x${path}`, { method: 'POST', body: JSON.stringify(body) }));
const create = (body: object) => post('/api/create', { model: 'new', ...body });

async function answer(body: object, stream = false): Promise<[number, unknown]> {
  const response = await create({ ...body, stream });
  return [response.status, await response.json()];
}

async function statuses(body: object): Promise<string[]> {
  const text = await (await create(body)).text();
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).status ?? JSON.parse(line).error);
}

const found = async (name = 'new') => (await store.find(parseModelName(name)!))!;

describe('the paths of files', () => {
  test.each(['/a.gguf', 'a//b.gguf', 'a/', '../a.gguf', 'a/../b', './a', ''])(
    '%j is not relative',
    async path => {
      for (const field of ['files', 'draft_files']) {
        expect(await answer({ [field]: { [path]: digest } })).toEqual([
          400,
          { error: 'file path must be relative' },
        ]);
      }
    },
  );

  test('and digests are checked before anything else', async () => {
    const error = 'invalid digest format';
    expect(await answer({ files: { a: '' } })).toEqual([400, { error }]);
    expect(await answer({ adapters: { a: '' }, from: 'x' })).toEqual([400, { error }]);
    expect(await answer({ draft_quantize: 'Q8_0', model: 'a//b' })).toEqual([
      400,
      { error: '--draft-quantize requires a DRAFT model' },
    ]);
    expect(await answer({ files: { 'a.gguf': 'sha256:../x' } })).toEqual([500, { error }]);
  });
});

describe('files that are', () => {
  test.each<[string, () => Record<string, string>, number, string]>([
    ['none', () => ({}), 400, 'unknown type'],
    ['nothing known', () => ({ 'README.md': digest }), 400, 'unknown type'],
    ['no GGUF under such a name', () => ({ 'a.gguf': digest }), 400, 'supplied file was not in GGUF format'],
    [
      'safetensors alone',
      () => ({ 'a.safetensors': digest }),
      500,
      'open config.json: no such file or directory',
    ],
    [
      'not there',
      () => ({ 'a.gguf': `sha256:${'a'.repeat(64)}` }),
      500,
      `open blobs/sha256-${'a'.repeat(64)}: no such file or directory`,
    ],
  ])('%s are refused', async (_, files, status, error) => {
    expect(await answer({ files: files() })).toEqual([status, { error }]);
  });

  test('without what every model has are refused, as by llama.cpp', async () => {
    const bytes = Buffer.from(q8);
    bytes.write('Z', bytes.indexOf('llama.block_count'));
    const tool = 'llama-quantize without compatibility patches: llama-quantize failed: exit status 1';
    expect(await statuses({ files: { 'a.gguf': await put(bytes) } })).toEqual([
      'parsing GGUF',
      `failed to validate GGUF with ${tool}`,
    ]);
  });

  test('damaged are refused after a first line', async () => {
    const broken = await put(q8.slice(0, -100_000));
    const lines = await statuses({ files: { 'a.gguf': broken } });
    expect(lines[0]).toBe('parsing GGUF');
    expect(lines[1]).toMatch(/^a\.gguf: tensor .* reach beyond/);
  });

  test('GGUF by their first bytes make a model whatever they are called', async () => {
    const weights = await put(q8);
    expect(await statuses({ files: { blob: weights } })).toEqual([
      'parsing GGUF',
      'verifying conversion',
      `using existing layer ${weights}`,
      'writing manifest',
      'success',
    ]);
    expect((await found()).config).toMatchObject({
      model_format: 'gguf',
      model_family: 'llama',
      model_families: ['llama'],
      model_type: '260K',
      file_type: 'Q8_0',
    });
  });

  test('parts of one model make one model', async () => {
    const parts = await splitModel(q8, 2);
    const [first, second] = [await put(parts[0]), await put(parts[1])];
    const files = { 'm-00002-of-00002.gguf': second, 'm-00001-of-00002.gguf': first };
    expect(await statuses({ files })).toEqual([
      'parsing GGUF',
      'parsing GGUF',
      'verifying conversion',
      `using existing layer ${first}`,
      `using existing layer ${second}`,
      'writing manifest',
      'success',
    ]);
    expect((await found()).config).toMatchObject({ model_families: ['llama'], model_type: '260K' });
  });

  test.each<[string, string[], string]>([
    ['too few', ['m-00001-of-00002.gguf'], 'split GGUF "m-00001-of-00002.gguf" has 1 shards, expected 2'],
    [
      'misnamed',
      ['m.gguf', 'm-00002-of-00002.gguf'],
      'split GGUF "m.gguf" must use llama.cpp split filename pattern',
    ],
    [
      'named out of order',
      ['m-00002-of-00002.gguf', 'm-00001-of-00002.gguf'],
      'split GGUF "m-00001-of-00002.gguf" filename index 0 does not match metadata index 1',
    ],
    [
      'named of more',
      ['m-00001-of-00003.gguf', 'm-00002-of-00003.gguf'],
      'split GGUF "m-00001-of-00003.gguf" filename count 3 does not match metadata count 2',
    ],
  ])('parts that are %s are refused', async (_, names, error) => {
    const parts = await splitModel(q8, 2);
    const files: Record<string, string> = {};
    for (const [i, name] of names.entries()) files[name] = await put(parts[i]);
    expect(await answer({ files })).toEqual([500, { error }]);
  });
});

describe('what there is no engine for', () => {
  test.each<[object, () => Promise<Record<string, string>>, number, string]>([
    [{}, async () => ({ a: digest }), 400, 'unknown type'],
    [{}, async () => ({ 'a.gguf': digest }), 400, 'supplied file was not in GGUF format'],
    [{}, async () => ({ 'a.gguf': 'sha256:../x' }), 400, 'invalid digest format'],
    [{}, async () => ({ 'a.gguf': await put(q8) }), 501, 'loras are not yet implemented'],
    [
      {},
      async () => ({ 'a.gguf': digest, 'b.gguf': digest }),
      400,
      'only one adapter is currently supported',
    ],
  ])('adapters %#', async (_, adapters, status, error) => {
    expect(await answer({ from: 'base:1b', adapters: await adapters() })).toEqual([status, { error }]);
  });

  test('adapters and draft models of safetensors', async () => {
    const files = { 'adapter_config.json': digest, 'a.safetensors': digest };
    const [adapter, draft] = ['loras are not yet implemented', 'draft models are not supported'];
    expect(await answer({ from: 'base:1b', adapters: files })).toEqual([501, { error: adapter }]);
    expect(await answer({ from: 'base:1b', draft_files: files })).toEqual([501, { error: draft }]);
  });

  test('draft models', async () => {
    const draft_files = { 'a.gguf': await put(q8) };
    expect(await answer({ from: 'base:1b', draft_files })).toEqual([
      501,
      { error: 'draft models are not supported' },
    ]);
  });

  test.each([
    [
      'base:1b',
      'Q2_K',
      500,
      'unsupported quantization type Q2_K - supported types are F32, F16, Q4_K_S, Q4_K_M, Q8_0',
    ],
    ['base:1b', 'q4_k_m', 500, 'quantization is only supported for F16, BF16 and F32 models'],
  ])('quantizing %s to %s', async (from, quantize, status, error) => {
    expect(await answer({ from, quantize })).toEqual([status, { error }]);
    expect(await answer({ from, quantization: quantize })).toEqual([status, { error }]);
  });
});

describe('safetensors', () => {
  async function upload(name: string): Promise<Record<string, string>> {
    const digests: Record<string, string> = {};
    for (const [path, bytes] of Object.entries(readFolder(name))) digests[path] = await put(bytes);
    return digests;
  }

  test('become a model', async () => {
    const lines = await statuses({ files: await upload('tiny-llama') });
    const { manifest, config, template } = await found();
    expect(lines).toEqual([
      'converting model',
      'verifying conversion',
      `creating new layer ${manifest.layers[0].digest}`,
      'using autodetected template chatml',
      `using existing layer ${manifest.layers[2].digest}`,
      'writing manifest',
      'success',
    ]);
    expect(config).toMatchObject({ model_format: 'gguf', model_family: 'llama', file_type: 'F16' });
    expect(template).toContain('<|im_start|>');
  });

  test('become a quantized one at once', async () => {
    const lines = await statuses({ files: await upload('tiny-qwen2'), quantize: 'Q8_0' });
    expect(lines.slice(0, 2)).toEqual(['converting model', 'verifying conversion']);
    expect((await found()).config).toMatchObject({ model_family: 'qwen2', file_type: 'Q8_0' });
  });

  test('that are wrong end the lines, and leave what was there', async () => {
    const before = await found('half');
    const files = { ...(await upload('tiny-llama')), 'config.json': await put('{"architectures":["X"]}') };
    const body = JSON.stringify({ model: 'half', files });
    const response = await server.fetch(new Request('http://x/api/create', { method: 'POST', body }));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(
      '{"status":"converting model"}\n{"error":"unsupported architecture \\"X\\""}\n',
    );
    expect(await found('half')).toEqual(before);
  });
});

describe('quantizing', () => {
  test('makes a layer of its own, and leaves the others what they are', async () => {
    await store.install(parseModelName('stories')!, bf16, { system: 'Old.', params: '{"top_k":5}\n' });
    const lines = await statuses({ from: 'stories', quantize: 'q4_k_m' });
    const { manifest, config, system, parameters, model } = await found();
    expect(lines).toEqual([
      'verifying conversion',
      `creating new layer ${model?.digest}`,
      `using existing layer ${manifest.layers[1].digest}`,
      `using existing layer ${manifest.layers[2].digest}`,
      'writing manifest',
      'success',
    ]);
    expect({ system, parameters }).toEqual({ system: 'Old.', parameters: { top_k: 5 } });
    expect(config).toMatchObject({ model_family: 'llama', file_type: 'Q4_K_M', model_type: '260K' });
    expect(manifest.layers.slice(0, 2).map(({ from }) => from)).toEqual([undefined, 'stories:latest']);
    const { gguf } = await store.open(await found());
    const { gguf: before } = await store.open(await found('stories'));
    for (const [key, value] of before.metadata) {
      if (key !== 'general.file_type') expect(gguf.metadata.get(key)).toEqual(value);
    }
    const again = await statuses({ from: 'stories', quantization: 'Q4_K' });
    expect(again[1]).toBe(`using existing layer ${model?.digest}`);
  });

  test('takes uploaded files too, in parts as well', async () => {
    const parts = await splitModel(bf16, 2);
    const [first, second] = [await put(parts[0]), await put(parts[1])];
    const files = { 'm-00001-of-00002.gguf': first, 'm-00002-of-00002.gguf': second };
    const lines = await statuses({ files, quantize: 'Q4_K' });
    const { digest } = (await found()).model!;
    expect(lines).toEqual([
      'parsing GGUF',
      'parsing GGUF',
      'verifying conversion',
      `creating new layer ${digest}`,
      'writing manifest',
      'success',
    ]);
    expect((await found()).config).toMatchObject({ file_type: 'Q4_K_M', model_families: ['llama'] });
    const { gguf } = await store.open(await found());
    expect([...gguf.metadata.keys()].filter(key => key.startsWith('split.'))).toEqual([]);
  });

  test('is refused for rows that have no blocks of that type', async () => {
    const error = 'no tensor type fallback is defined for type q8_0: output.weight has rows of 8';
    expect(await answer({ from: 'half', quantize: 'Q8_0' })).toEqual([500, { error }]);
  });

  test('is not done where the weights have that type already', async () => {
    expect(await statuses({ from: 'half', quantize: 'f16' })).not.toContain('verifying conversion');
    expect((await found()).model?.digest).toBe((await found('half')).model?.digest);
  });

  test('tells how far it is where it takes long', async () => {
    await store.install(parseModelName('stories')!, bf16);
    const { putBlob } = store;
    store.putBlob = async (body, signal) => {
      await new Promise(resolve => setTimeout(resolve, 1100));
      return putBlob(body, signal);
    };
    const [line] = (await (await create({ from: 'stories', quantize: 'F16' })).text()).split('\n');
    expect(JSON.parse(line)).toEqual({
      status: 'quantizing BF16 model to F16',
      digest: '0000000000000000000',
      total: expect.any(Number),
      completed: expect.any(Number),
    });
  });
});

describe('a model of another', () => {
  test('has its layers and parameters, but for what is given anew', async () => {
    await (
      await create({
        from: 'BASE:1B',
        system: 'New.',
        parameters: { stop: ['c'], temperature: 0.1 },
        license: ['MIT', 'Apache'],
        renderer: 'r',
        parser: 'p',
        requires: '0.14.0',
        messages: [{ role: 'USER', content: 'Q' }],
      })
    ).text();
    const model = await found();
    expect(model).toMatchObject({
      system: 'New.',
      parameters: { stop: ['c'], temperature: 0.1, top_k: 5 },
      licenses: ['MIT', 'Apache'],
      messages: [{ role: 'user', content: 'Q' }],
      config: { renderer: 'r', parser: 'p', requires: '0.14.0', model_family: 'llama' },
      model: { from: 'Base:1b' },
    });
    await (await post('/api/create', { model: 'child', from: 'new', system: '', messages: [] })).text();
    expect(await found('child')).toMatchObject({
      system: 'New.',
      licenses: ['MIT', 'Apache'],
      messages: [{ content: 'Q' }],
      config: { renderer: 'r', parser: 'p', requires: '0.14.0' },
    });
  });

  test('tells what info says', async () => {
    const info = {
      model_family: 'fam',
      base_name: 'b',
      quantization_level: 'Q1',
      parameter_size: '9B',
      context_length: 9,
      embedding_length: 8,
      capabilities: ['tools', 7],
    };
    await (await create({ from: 'base:1b', info, requires: '1.0.0' })).text();
    const { config, manifest } = await found();
    // the order of the keys is Ollama's, or the digest would be another
    expect(new TextDecoder().decode(store.blobs.get(manifest.config.digest))).toMatch(
      /file_type.*requires.*capabilities.*context_length.*embedding_length.*base_name.*architecture.*os":"linux"\}\n$/,
    );
    expect(config).toMatchObject({
      model_family: 'fam',
      model_families: ['fam', 'llama'],
      base_name: 'b',
      file_type: 'Q1',
      model_type: '9B',
      context_length: 9,
      embedding_length: 8,
      capabilities: ['tools'],
    });
  });

  test('names the family of a file beside the one that info says', async () => {
    await (await create({ files: { 'a.gguf': await put(q8) }, info: { model_family: 'fam' } })).text();
    expect((await found()).config.model_families).toEqual(['fam', 'llama']);
  });

  test.each([
    [{ model_family: 7 }, 'info field "model_family" must be a string'],
    [{ base_name: null }, 'info field "base_name" must be a string'],
    [{ context_length: '7' }, 'info field "context_length" must be a number'],
    [{ context_length: -1 }, 'info field "context_length" must be a non-negative integer'],
    [{ embedding_length: 1.5 }, 'info field "embedding_length" must be a non-negative integer'],
  ])('whose info is %j is refused', async (info, error) => {
    expect(await answer({ from: 'base:1b', info })).toEqual([400, { error }]);
  });

  test('takes capabilities of a wrong type in silence, as Ollama does', async () => {
    expect(await answer({ from: 'base:1b', info: { capabilities: 'tools' } })).toEqual([
      200,
      { status: 'success' },
    ]);
  });

  test.each([
    [5, 'json: cannot unmarshal number into Go value of type []string'],
    [['MIT', true], 'json: cannot unmarshal bool into Go value of type string'],
  ])('whose license is %j is refused', async (license, error) => {
    expect(await answer({ from: 'base:1b', license })).toEqual([500, { error }]);
  });

  test.each([
    ['a//b', 400, 'invalid model name'],
    ['a:cloud:local', 400, 'invalid model name'],
    ['nowhere', 500, 'pull model manifest: file does not exist'],
  ])('that is %s is refused', async (from, status, error) => {
    expect(await answer({ from })).toEqual([status, { error }]);
  });

  test('is spelled as the installed models are, part by part', async () => {
    await (await post('/api/create', { model: 'BASE:Other', from: 'base:1b' })).text();
    expect((await store.list()).map(({ name }) => `${name.model}:${name.tag}`)).toContain('Base:Other');
  });
});
