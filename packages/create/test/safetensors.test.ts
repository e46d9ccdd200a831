/** Folders of safetensors: against what llama.cpp's converter makes of the same, and models that are taken apart and put together again. */
import { gunzipSync } from 'node:zlib';
import { tensorTypes } from '@tabllama/gguf';
import { createReferenceEmbedder, createReferenceRunner } from '@tabllama/models';
import { createTokenizer } from '@tabllama/tokenizer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copied, quantized } from '../src/quantize.ts';
import { bytesOf, convert, type Files, fileOf, openModel, safetensors, sha256, signal } from './files.ts';
import { fixture, readFolder } from './fixtures.ts';
import { nomicFolder, storiesFolder } from './inverse.ts';

interface Expected {
  readonly kv: Readonly<Record<string, unknown>>;
  readonly tensors: readonly { name: string; shape: number[]; type: string; sha256: string }[];
}
const golden: Record<string, Expected> = JSON.parse(
  gunzipSync(fixture('safetensors/expected.json.gz')).toString(),
);

/** What llama.cpp's converter says and Ollama's does not, or says in another way. */
const onlyThere = /^general\.(type|name|size_label|file_type|sampling\..*)$|add_(sep|eos)_token$/;
/** That a text begins with a token is said by files that only llama.cpp's reads. */
const notSaid: Readonly<Record<string, RegExp>> = {
  'tiny-qwen2': /bos_token/,
  'tiny-bert': /add_bos_token/,
};

describe.each(Object.entries(golden))('%s', (name, { kv, tensors }) => {
  test('has the tensors of llama.cpp’s converter', async () => {
    const { bytes, gguf } = await fileOf(await convert(readFolder(name)));
    expect([...gguf.tensors.keys()].sort()).toEqual(tensors.map(tensor => tensor.name).sort());
    for (const { name, shape, type, sha256: hash } of tensors) {
      const tensor = gguf.tensors.get(name)!;
      expect(tensor.shape, name).toEqual(shape);
      // F16 in Ollama; and factors that end in other bits, since they are not computed in floats
      if (name === 'position_embd.weight' || name === 'rope_freqs.weight') continue;
      expect([tensorTypes.get(tensor.type)!.name, sha256(bytesOf({ bytes, gguf }, name))], name).toEqual([
        type,
        hash,
      ]);
    }
  });

  test('has its metadata', async () => {
    const { gguf } = await fileOf(await convert(readFolder(name)));
    // what fills up the vocabulary is numbered and marked in another way
    const { length } = (kv['tokenizer.ggml.tokens'] as string[]).filter(text => !text.startsWith('[PAD'));
    const plain = (value: unknown) =>
      ArrayBuffer.isView(value) || Array.isArray(value)
        ? Array.from(value as string[]).slice(0, length)
        : value;
    for (const [key, value] of Object.entries(kv)) {
      if (onlyThere.test(key) || notSaid[name]?.test(key)) continue;
      expect(plain(gguf.metadata.get(key)), key).toEqual(plain(value));
    }
    expect(gguf.metadata.get('general.file_type')).toBe(1);
  });
});

test('Llama 3’s scaling becomes a tensor of factors', async () => {
  const { bytes, gguf } = await fileOf(await convert(readFolder('tiny-llama')));
  const factors = new Float32Array(bytesOf({ bytes, gguf }, 'rope_freqs.weight').slice().buffer);
  for (const [i, factor] of [1, 1, 3.568533182, 8, 8, 8, 8, 8].entries())
    expect(factors[i]).toBeCloseTo(factor, 6);
});

test('Qwen 3 has the norms of its heads, and their size', async () => {
  const folder = readFolder('tiny-qwen2');
  const config = JSON.parse(new TextDecoder().decode(folder['config.json']));
  const norm = { dtype: 'F32', shape: [32], data_offsets: [0, 128] };
  const { gguf } = await fileOf(
    await convert({
      ...folder,
      'config.json': { ...config, architectures: ['Qwen3ForCausalLM'], head_dim: 32 },
      'norms.safetensors': safetensors(
        { 'model.layers.1.self_attn.k_norm.weight': norm },
        new Uint8Array(128),
      ),
    }),
  );
  expect(gguf.tensors.get('blk.1.attn_k_norm.weight')).toMatchObject({ shape: [32], type: 0 });
  expect(gguf.metadata.get('general.architecture')).toBe('qwen3');
  expect(gguf.metadata.get('qwen3.attention.key_length')).toBe(32);
});

test('the ids that end an answer come from generation_config.json', async () => {
  const { gguf } = await fileOf(await convert(readFolder('tiny-llama')));
  expect(gguf.metadata.get('tokenizer.ggml.eos_token_ids')).toEqual(Int32Array.of(281, 284));
});

describe('a model that was taken apart', () => {
  test('is the same again, weights, words and logits', async () => {
    const original = await openModel('stories260K-f32.gguf');
    const half = await fileOf(quantized(await copied(original, signal), 'F16'));
    const made = await fileOf(await convert(storiesFolder(original)));
    for (const name of half.gguf.tensors.keys()) {
      expect(Buffer.compare(bytesOf(made, name), bytesOf(half, name)), name).toBe(0);
    }
    const [before, after] = [half, made].map(({ gguf }) => createTokenizer(gguf.metadata));
    const tokens = before.encode('Once upon a time, there was a dog.');
    expect(after.encode('Once upon a time, there was a dog.')).toEqual(tokens);
    const logits = [];
    for (const { gguf, weights } of [half, made]) {
      const runner = await createReferenceRunner(gguf, weights, { contextLength: 64 });
      await runner.prefill(tokens, 0);
      logits.push(await runner.logits());
    }
    expect(logits[0].some(value => value !== 0)).toBe(true);
    expect(logits[1]).toEqual(logits[0]);
  });

  test('is the same embedder again', async () => {
    const original = await openModel('arch-nomic-bert-f32.gguf');
    const half = await fileOf(quantized(await copied(original, signal), 'F16'));
    const made = await fileOf(await convert(nomicFolder(original)));
    const vectors = [];
    for (const { gguf, weights } of [half, made]) {
      const embedder = await createReferenceEmbedder(gguf, weights, { contextLength: 16 });
      vectors.push(await embedder.embed([[1, 7, 9, 2]]));
    }
    expect(vectors[1]).toEqual(vectors[0]);
  });

  test('may be quantized as it is put together', async () => {
    const original = await openModel('stories260K-f32.gguf');
    const half = await fileOf(quantized(await copied(original, signal), 'F16'));
    const wanted = await fileOf(quantized(await copied(half, signal), 'Q4_K_M'));
    const made = await fileOf(quantized(await convert(storiesFolder(original)), 'Q4_K_M'));
    for (const [name, { type }] of wanted.gguf.tensors)
      expect(made.gguf.tensors.get(name)?.type, name).toBe(type);
    expect(made.gguf.metadata.get('general.file_type')).toBe(15);
  });
});

const llama = readFolder('tiny-llama');
const without = (path: string): Files =>
  Object.fromEntries(Object.entries(llama).filter(([key]) => key !== path));
const configured = (change: object): Files => ({
  ...llama,
  'config.json': { ...JSON.parse(new TextDecoder().decode(llama['config.json'])), ...change },
});

describe('a folder is refused', () => {
  test.each<[string, Files, string | RegExp]>([
    ['without a config', without('config.json'), 'open config.json: no such file or directory'],
    ['with a config that is no JSON', { ...llama, 'config.json': '{' }, /^parse config\.json: /],
    ['with no architecture', configured({ architectures: [] }), 'unknown architecture'],
    [
      'with another architecture',
      configured({ architectures: ['XForCausalLM'] }),
      'unsupported architecture "XForCausalLM"',
    ],
    ['with a count that is none', configured({ hidden_size: -64 }), 'config.json: hidden_size is -64'],
    [
      'with heads that do not divide its rows',
      configured({ num_attention_heads: 7 }),
      /attn_q.weight: 64 rows of 7 heads/,
    ],
    [
      'with a vocabulary without end',
      configured({ vocab_size: 1e9 }),
      'config.json: vocab_size is 1000000000',
    ],
    ['without a tokenizer', without('tokenizer.json'), 'unknown tokenizer format'],
    ['without weights', without('model.safetensors'), 'unknown tensor format'],
    [
      'with an index that names a file more',
      { ...llama, 'model.safetensors.index.json': { weight_map: { a: 'model-2.safetensors' } } },
      'open model-2.safetensors: no such file or directory',
    ],
    [
      'with a tensor twice',
      { ...llama, 'more.safetensors': llama['model.safetensors'] },
      "duplicate tensor name 'output.weight' was found for this model",
    ],
    [
      'with integers for weights',
      {
        ...llama,
        'more.safetensors': safetensors(
          { x: { dtype: 'I8', shape: [1], data_offsets: [0, 1] } },
          new Uint8Array(1),
        ),
      },
      'unknown data type: I8',
    ],
    [
      'with merges that are none',
      { ...llama, 'tokenizer.json': { model: { vocab: {}, merges: 5 } } },
      /could not parse tokenizer merges/,
    ],
    [
      'with a gap in its vocabulary',
      { ...llama, 'tokenizer.json': { model: { vocab: { a: 0, b: 2 } } } },
      'tokenizer.json: no token has id 1',
    ],
    [
      'with ids beyond measure',
      { ...llama, 'tokenizer.json': { model: { vocab: { a: 1e12 } } } },
      /"a" has id 1000000000000/,
    ],
    [
      'with a tokenizer.model that is none',
      { ...llama, 'tokenizer.model': Uint8Array.of(10, 200, 1) },
      /the file ends within a field/,
    ],
  ])('%s', async (_, files, message) => {
    await expect(convert(files)).rejects.toThrow(message);
  });
});

describe('a header is refused', () => {
  const tensor = (dtype: unknown, shape: unknown, data_offsets: unknown) =>
    safetensors({ t: { dtype, shape, data_offsets } }, new Uint8Array(64));
  const length = (bytes: bigint) => new Uint8Array(new BigUint64Array([bytes]).buffer);
  test.each<[string, Uint8Array, RegExp]>([
    ['that is cut off', Uint8Array.of(1, 2), /ends within its header/],
    ['longer than the file', length(64n), /a header of 64 bytes/],
    ['longer than any', length(2n ** 63n), /a header of 9223372036854775808 bytes/],
    ['that is no JSON', safetensors('{"t":'), /no JSON object/],
    ['that is a list', safetensors('[]'), /no JSON object/],
    ['with a tensor that is null', safetensors('{"t":null}'), /tensor t has dtype undefined/],
    ['with an unknown dtype', tensor('F12', [1], [0, 4]), /tensor t has dtype "F12"/],
    ['with a dtype of the language', tensor('constructor', [1], [0, 4]), /tensor t has dtype "constructor"/],
    ['with a negative size', tensor('F32', [-1], [0, 4]), /has shape \[-1\]/],
    ['with five dimensions', tensor('F32', [1, 1, 1, 1, 1], [0, 4]), /has shape/],
    ['with an empty tensor', tensor('F32', [0], [0, 0]), /has shape 0/],
    ['with a huge tensor', tensor('F32', [2 ** 40, 2 ** 40], [0, 4]), /has shape/],
    ['with offsets that are none', tensor('F32', [1], [0, 'x']), /has offsets/],
    ['with an end before its begin', tensor('F32', [1], [8, 4]), /outside of the file/],
    ['with a tensor beyond the file', tensor('F32', [16], [4, 68]), /outside of the file/],
    ['with more bytes than its shape', tensor('F32', [1], [0, 8]), /of 4 bytes has 8/],
    [
      'with overlapping tensors',
      safetensors(
        {
          a: { dtype: 'U8', shape: [9], data_offsets: [0, 9] },
          b: { dtype: 'U8', shape: [9], data_offsets: [8, 17] },
        },
        new Uint8Array(17),
      ),
      /tensors a and b overlap/,
    ],
  ])('%s', async (_, file, message) => {
    await expect(convert({ ...llama, 'model.safetensors': file })).rejects.toThrow(message);
  });

  test('or read, and never hangs, whatever bytes of it are changed', async () => {
    const change = fc.tuple(fc.nat(2200), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async changes => {
        const file = llama['model.safetensors'].slice();
        for (const [at, value] of changes) file[at] = value;
        await convert({ ...llama, 'model.safetensors': file }).catch(error =>
          expect(error).toBeInstanceOf(Error),
        );
      }),
      { numRuns: 60 },
    );
  });
});
