/** Whole embedders in float64 against the vectors of llama.cpp. */
import { describe, expect, it } from 'vitest';
import { cosine, embedders, openFixture, readEmbeddings } from '../test/fixtures.ts';
import { createReferenceEmbedder } from './index.ts';

describe.each(embedders)('%s on the reference ops', name => {
  it('gives the vectors of llama.cpp, alone and in one pass with others', async () => {
    const { gguf, weights } = await openFixture(name);
    const embedder = await createReferenceEmbedder(gguf, weights, { contextLength: 400 });
    const items = readEmbeddings(name).filter(({ tokens }) => tokens.length < 60);
    const vectors = await embedder.embed(items.map(({ tokens }) => tokens));
    for (const [i, { embedding }] of items.entries()) {
      expect(cosine(vectors[i], embedding)).toBeGreaterThan(0.9999);
    }
    const [alone] = await embedder.embed([items[0].tokens]);
    expect(alone).toEqual(vectors[0]);
  });
});
