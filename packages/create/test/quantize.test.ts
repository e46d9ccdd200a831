/** Quantizing against llama.cpp: which tensor gets which type in real models, and the bytes of small ones. */
import { gunzipSync } from 'node:zlib';
import { tensorTypes } from '@tabllama/gguf';
import { describe, expect, test } from 'vitest';
import { copied, quantized } from '../src/quantize.ts';
import { chooseTypes, fileTypes } from '../src/tensor-types.ts';
import { fileOf, openBytes, openModel, sha256, signal } from './files.ts';
import { fixture } from './fixtures.ts';

interface Schema {
  readonly sizes: Readonly<Record<string, number>>;
  readonly fileTypes: Readonly<Record<string, { default: string; tensors: Record<string, string> }>>;
}
interface Source {
  readonly source: string;
  readonly from: string;
  readonly types: Readonly<Record<string, Golden>>;
  readonly kept: readonly [name: string, type: string, sha256: string][];
}
interface Golden {
  readonly error?: string;
  readonly fileBytes: number;
  readonly tensors: Source['kept'];
}
const golden: { schemas: Record<string, Schema>; sources: Source[] } = JSON.parse(
  gunzipSync(fixture('quants/file-types.json.gz')).toString(),
);

describe.each(Object.entries(golden.schemas))('%s', (name, { sizes, fileTypes: expected }) => {
  const { n_embd, n_ff, n_vocab, n_layer, n_head_kv, n_head } = sizes;
  const isTied = !JSON.stringify(expected).includes('"output.weight"');
  const tensors = [
    { name: 'token_embd.weight', shape: [n_embd, n_vocab] },
    { name: 'output_norm.weight', shape: [n_embd] },
    ...(isTied ? [] : [{ name: 'output.weight', shape: [n_embd, n_vocab] }]),
  ];
  for (let i = 0; i < n_layer; i++) {
    const add = (part: string, ...shape: number[]) =>
      tensors.push({ name: `blk.${i}.${part}.weight`, shape });
    const kv = (n_embd / n_head) * n_head_kv;
    add('attn_norm', n_embd);
    add('attn_q', n_embd, n_embd);
    add('attn_k', n_embd, kv);
    add('attn_v', n_embd, kv);
    add('attn_output', n_embd, n_embd);
    add('ffn_gate', n_embd, n_ff);
    add('ffn_up', n_embd, n_ff);
    add('ffn_down', n_ff, n_embd);
  }
  const facts = {
    architecture: name.split('-')[0].replace('meta', 'llama'),
    blockCount: n_layer,
    expertCount: 0,
  };
  test.each(Object.entries(expected))('has the types of a %s file', (fileType, types) => {
    const wanted = tensors
      .filter(({ shape }) => shape.length > 1)
      .map(tensor => [tensor.name, types.tensors[tensor.name] ?? types.default]);
    expect([...chooseTypes(tensors, facts, fileType)]).toEqual(wanted);
  });
});

describe.each([...fileTypes.keys()].filter(type => type !== 'F32'))('a %s file', fileType => {
  test.each(golden.sources.filter(({ types }) => fileType in types))('of $source in $from', async source => {
    const { error, fileBytes, tensors = [] } = source.types[fileType];
    let model = await modelOf(source.source);
    if (source.from === 'F16') model = await copied(await fileOf(quantized(model, 'F16')), signal);
    if (error) {
      expect(() => quantized(model, fileType)).toThrow(error);
      return;
    }
    const { gguf, bytes } = await fileOf(quantized(model, fileType));
    const got = Array.from(gguf.tensors.values(), ({ name, type, offset, bytes: length }) => [
      name,
      tensorTypes.get(type)!.name,
      sha256(bytes.subarray(offset, offset + length)),
    ]);
    const wanted = [...tensors, ...source.kept];
    expect(got.sort()).toEqual(wanted.sort());
    expect(bytes.length).toBe(fileBytes);
    expect([...gguf.metadata].slice(-2)).toEqual([
      ['general.quantization_version', 2],
      ['general.file_type', fileTypes.get(fileType)!.id],
    ]);
  });
});

test('weights that are not finite, or too large for halves, are refused with the tensor', async () => {
  const bytes = fixture('models/stories260K-f32.gguf');
  const { gguf } = await openBytes(bytes);
  const { offset } = gguf.tensors.get('blk.1.ffn_up.weight')!;
  for (const [value, message] of [
    [Number.NaN, /tensor blk\.1\.ffn_up\.weight: a weight is not finite/],
    [1e30, /beyond what a half can hold/],
  ] as const) {
    new DataView(bytes.buffer).setFloat32(offset, value, true);
    const model = await copied(await openBytes(bytes), signal);
    await expect(fileOf(quantized(model, 'F16'))).rejects.toThrow(message);
  }
});

const modelOf = async (name: string) => copied(await openModel(name), signal);
