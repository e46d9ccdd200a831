/** Tokens chosen on the device against the twin in float64, in both layouts, on made-up logits and on hostile ones. */
import { describe, expect, it } from 'vitest';
import { type Chain, createReferenceSampler, greedy, type Mask, MOST_CANDIDATES } from '../src/index.ts';
import { NO_TOKEN } from '../src/sampling.ts';
import { random } from './one-block.ts';
import { openSampling } from './open-sampling.ts';

const split = { matvec: 'split', lanes: 64, tokenLanes: 8, tileTokens: 64, fewTokens: 1 } as const;
/** So near a boundary a draw may fall to the other side in f32. */
const ROUNDING = 1e-5;

/** Ollama's. */
const defaults: Chain = { topK: 40, topP: 0.9, minP: 0, temperature: 0.8, draw: () => 0.5 };
const uniform = (seed: number) => {
  const next = random(seed);
  const draws = Array.from({ length: 512 }, next);
  return (n: number) => draws[n];
};

/** The twin chooses the same, or would, for a draw on either side. */
function expectChosen(chain: Chain, tokens: readonly number[], logitsOf: (n: number) => Float32Array) {
  const ways = [0, -ROUNDING, ROUNDING].map(shift =>
    createReferenceSampler({ ...chain, draw: n => Math.min(1, Math.max(0, chain.draw(n) + shift)) }),
  );
  let exact = 0;
  for (const [n, token] of tokens.entries()) {
    const mask = chain.mask?.(tokens[n - 1]);
    const twins = ways.map(way => way(logitsOf(n), mask));
    expect(twins, `token ${n}`).toContain(token);
    if (twins[0] === token) exact++;
  }
  expect(exact).toBeGreaterThan(tokens.length - 2);
}

const layouts = [
  ['of the adapter', undefined],
  ['of a graphics card', split],
] as const;

/** Logits of a made-up vocabulary: anew for every token, and with many equal ones. */
const madeUp = (vocabSize: number, seed: number) => {
  const next = random(seed);
  const all = Array.from({ length: 24 }, () =>
    Float32Array.from({ length: vocabSize }, () => Math.round(next() * 60 - 40) / 4),
  );
  return (n: number) => all[n];
};

/** Masks by the token before: few of the vocabulary, or most of it. */
const masksOf = (vocabSize: number, share: number): Mask => {
  const next = random(vocabSize + 1);
  const all = Array.from({ length: 24 }, () => {
    const bits = new Uint32Array(Math.ceil(vocabSize / 32));
    for (let id = 0; id < vocabSize; id++) if (next() < share) bits[id >> 5] |= 1 << (id & 31);
    bits[0] |= 2; // one at least
    return bits;
  });
  return (previous = 0) => all[previous % all.length];
};

describe.each(layouts)('in the layout %s', (_, layout) => {
  const chains: Record<string, Chain> = {
    'Ollama’s defaults': defaults,
    'top_k alone, as many as there may be': { ...defaults, topP: 1, topK: MOST_CANDIDATES, temperature: 2 },
    min_p: { ...defaults, topP: 1, topK: 64, minP: 0.02, temperature: 1.5 },
    'one candidate': { ...defaults, topK: 1 },
    'a tiny temperature': { ...defaults, temperature: 1e-30 },
    penalties: {
      ...defaults,
      temperature: 1.3,
      penalties: { repeat: 1.3, frequency: 0.4, presence: 0.6, window: 5, recent: [3, 1, 4, 1] },
    },
  };

  it.each(Object.entries(chains))('chooses what the twin chooses: %s', async (_, chain) => {
    for (const vocabSize of [5, 97, 1031]) {
      const drawn = { ...chain, draw: uniform(vocabSize) };
      const logitsOf = madeUp(vocabSize, vocabSize);
      const tokens = await (await openSampling(vocabSize, layout))(drawn, 24, logitsOf);
      expectChosen(drawn, tokens, logitsOf);
    }
  });

  it.each([
    ['few may follow', 0.02],
    ['most may follow', 0.9],
  ])('chooses of a mask what the twin chooses: %s', async (_, share) => {
    for (const chain of Object.values(chains)) {
      for (const vocabSize of [5, 97, 1031]) {
        const drawn = { ...chain, draw: uniform(vocabSize), mask: masksOf(vocabSize, share) };
        const logitsOf = madeUp(vocabSize, vocabSize);
        const tokens = await (await openSampling(vocabSize, layout))(drawn, 24, logitsOf);
        expectChosen(drawn, tokens, logitsOf);
      }
    }
  });

  it('looks at no mask where the chain has none', async () => {
    const choose = await openSampling(97, layout);
    const logits = Float32Array.from({ length: 97 }, (_, id) => id);
    const mask = () => Uint32Array.of(8, 0, 0, 0);
    expect(await choose({ ...greedy, mask }, 2, () => logits)).toEqual([3, 3]);
    expect(await choose(greedy, 2, () => logits)).toEqual([96, 96]);
  });

  it('takes equal ones by their ids, and never what has no chance', async () => {
    const logits = new Float32Array(300).fill(-Infinity);
    for (const id of [299, 7, 150, 8]) logits[id] = 2;
    logits[9] = -0;
    logits[6] = 0;
    logits[40] = Number.NaN;
    // the nth of those that are equally probable
    const chain = { ...defaults, topP: 1, temperature: 1e6, draw: (n: number) => (n + 0.5) / 6 };
    const tokens = await (await openSampling(logits.length, layout))(chain, 6, () => logits);
    expect(tokens).toEqual([7, 8, 150, 299, 6, 9]);
  });

  it('says so where logits are no numbers', async () => {
    const choose = await openSampling(1031, layout);
    const logits = new Float32Array(1031).fill(Number.NaN);
    expect(await choose(greedy, 1, () => logits)).toEqual([NO_TOKEN]);
    const { penalties } = chains;
    expect(await choose({ ...penalties, topK: 128 }, 2, () => logits)).toEqual([NO_TOKEN, NO_TOKEN]);
  });
});
