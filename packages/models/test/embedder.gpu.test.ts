/** Whole embedders on a software GPU against the reference in float64 and the vectors of llama.cpp. */
import { type Device, openDevice } from '@tabllama/kernels';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { createGpuEmbedder, createReferenceEmbedder, estimateMemory } from '../src/index.ts';
import { cosine, embedders, openFixture, readEmbeddings, relativeError } from './fixtures.ts';

// compilers of software adapters take their time
vi.setConfig({ testTimeout: 300_000 });

/** One for all, so that kernels are compiled once. */
const limits = { contextLength: 336 };
/** What a graphics card gets, on any adapter. */
const card = { matvec: 'split', lanes: 64, tokenLanes: 8, tileTokens: 64, fewTokens: 4 } as const;

let device: Device;
beforeAll(async () => {
  device = await openDevice(gpu);
});
afterAll(() => device.destroy());

describe.each(embedders)('%s on the GPU', name => {
  const items = readEmbeddings(name);
  const texts = items.map(({ tokens }) => tokens);

  it('gives the vectors of llama.cpp', async () => {
    const { gguf, weights } = await openFixture(name);
    await using embedder = await createGpuEmbedder(device, gguf, weights, limits);
    const vectors = await embedder.embed(texts);
    for (const [i, { embedding }] of items.entries())
      expect(cosine(vectors[i], embedding)).toBeGreaterThan(0.9999);
  });

  it.each([
    ['in the layout of the adapter', undefined],
    ['in that of a graphics card, with weights in parts', { layout: card, maxBindingBytes: 6 << 20 }],
  ])(
    'gives those of the reference, and the same alone as with others: %s',
    async (_, options) => {
      const { gguf, weights } = await openFixture(name);
      const short = texts.filter(({ length }) => length < 30);
      const own = options ? await openDevice(gpu, options) : device;
      await using reference = await createReferenceEmbedder(gguf, weights, limits);
      const before = own.allocatedBytes;
      const foreseen = estimateMemory(gguf, limits.contextLength, own).device;
      {
        await using embedder = await createGpuEmbedder(own, gguf, weights, limits);
        expect(Math.abs(embedder.bytes - foreseen)).toBeLessThan(1 << 20);
        const vectors = await embedder.embed(short);
        for (const [i, expected] of (await reference.embed(short)).entries())
          expect(relativeError(vectors[i], expected)).toBeLessThan(1e-5);
        // longer texts leave their numbers behind where later ones have none
        const [again] = await embedder.embed([short[0]]);
        expect(relativeError(again, vectors[0])).toBeLessThan(1e-6);
      }
      expect(own.allocatedBytes).toBe(before);
      if (options) own.destroy();
    },
    120_000,
  );
});

it('refuses texts that no binding holds, with the numbers', async () => {
  const { gguf, weights } = await openFixture('arch-nomic-bert-f32');
  const small = await openDevice(gpu, { maxBindingBytes: 1 << 20 });
  await expect(createGpuEmbedder(small, gguf, weights, { contextLength: 1024 })).rejects.toThrow(
    'texts of 1024 tokens take 1 MiB in one piece, and the device binds 1 MiB at most: lower num_ctx',
  );
  expect(small.allocatedBytes).toBe(0);
  small.destroy();
});
