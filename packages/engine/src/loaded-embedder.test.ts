import { createTokenizer } from '@tabllama/tokenizer';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../models/test/fixtures.ts';
import { greedy, load } from '../test/load.ts';
import { createLoadedEmbedder, fitText } from './loaded-embedder.ts';

const { gguf, weights } = await openFixture('stories260K-f32');
const tokenizer = createTokenizer(gguf.metadata);
const refusal = (message: string) => expect.objectContaining({ status: 400, message });

describe('a text to embed', () => {
  it('keeps as many of its first tokens as the context holds', () => {
    const whole = tokenizer.encode('Once upon a time there was a girl', { addSpecial: true });
    expect(fitText(tokenizer, 'Once upon a time there was a girl', 64, {})).toEqual(whole);
    const cut = fitText(tokenizer, 'Once upon a time there was a girl', 6, {});
    expect(cut).toEqual(whole.slice(0, 6));
    expect(fitText(tokenizer, 'Once upon a time there was a girl', 64, { numCtx: 6 })).toEqual(cut);
  });
  it('is refused where it is too long and may not be cut, or the context holds nothing', () => {
    expect(() => fitText(tokenizer, 'Once upon a time', 3, { truncate: false })).toThrow(
      refusal('the input length exceeds the context length'),
    );
    expect(() => fitText(tokenizer, 'Once', 1, {})).toThrow(
      refusal('input after truncation exceeds maximum context length'),
    );
  });
  it('is refused where what is left of a character takes more tokens than the character', () => {
    // two tokens hold two of the four bytes, which are no character and become U+FFFD, of three bytes
    expect(() => fitText(tokenizer, '🦙', 3, {})).toThrow(
      refusal('input exceeds maximum context length and cannot be truncated further'),
    );
  });
});

describe('a decoder that says how it is pooled', () => {
  const metadata = new Map(gguf.metadata).set('llama.pooling_type', 3);
  const pooled = { gguf: { ...gguf, metadata }, weights };

  it('makes the vector that its logits are made of', async () => {
    const prompt = 'Once upon a time';
    const embedder = await load(pooled);
    const { vectors, promptTokens } = await embedder.embed([prompt, 'Lily', prompt]);
    expect(promptTokens).toBe(2 * tokenizer.encode(prompt, { addSpecial: true }).length + 2);
    expect(vectors[2]).toEqual(vectors[0]);
    const tensor = gguf.tensors.get('output.weight') ?? gguf.tensors.get('token_embd.weight')!;
    const bytes = await weights.read(tensor.offset, tensor.bytes);
    const matrix = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const width = vectors[0].length;
    const logits = Array.from({ length: tokenizer.vocabSize }, (_, token) =>
      vectors[0].reduce((sum, value, i) => sum + value * matrix[token * width + i], 0),
    );
    const best = logits.indexOf(Math.max(...logits));
    const model = await load({ gguf, weights });
    let said = '';
    for await (const { content = '' } of model.complete({ prompt, options: { ...greedy, numPredict: 1 } }))
      said += content;
    expect(tokenizer.decoder().push(best)).toBe(said);
  });
  it('does not generate', async () => {
    const embedder = await load(pooled);
    expect(() => embedder.complete({ prompt: 'Once', options: greedy })).toThrow(
      refusal('"tiny" does not support generate'),
    );
  });
  it('is refused where its pooling is none that is known', async () => {
    const ranks = { gguf: { ...gguf, metadata: new Map(metadata).set('llama.pooling_type', 4) }, weights };
    await expect(load(ranks)).rejects.toMatchObject({
      status: 500,
      message: 'unable to load model: llama.pooling_type 4 is not supported',
    });
  });
  it('cannot be used after it was unloaded', async () => {
    const embedder = await load(pooled);
    await embedder[Symbol.asyncDispose]();
    await expect(embedder.embed(['Once'])).rejects.toThrow('was unloaded');
  });
  it('says that the device is lost, though the call that fails fails first', async () => {
    const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
    const embedder = createLoadedEmbedder({ name: 'tiny', digest: '', ...pooled }, tokenizer, {
      vocabSize: 512,
      contextLength: 16,
      bytes: 0,
      lost,
      async embed() {
        setTimeout(lose, 1, 'the device was lost');
        throw new Error('mapping failed');
      },
      async [Symbol.asyncDispose]() {},
    });
    await expect(embedder.embed(['Once'])).rejects.toMatchObject({
      status: 500,
      message: 'the device was lost',
    });
  });
});
