import { createReferenceSampler, greedy } from '@tabllama/kernels';
import { describe, expect, it } from 'vitest';
import {
  type Filter,
  type FilterCase,
  optionsOf,
  realLogits,
  samplerFor,
  samplers,
} from '../test/samplers.ts';
import { Candidates } from './candidates.ts';
import { createRandom } from './mersenne-twister.ts';
import { createSampler } from './sampler.ts';

const countsOf = (window: readonly number[]) => {
  const counts = new Map<number, number>();
  for (const token of window) counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
};

function runChain(chain: readonly Filter[], logits: Float32Array, history: readonly number[]): Candidates {
  const candidates = new Candidates(logits.length);
  candidates.load(logits);
  for (const filter of chain) {
    switch (filter.sampler) {
      case 'penalties':
        candidates.penalize(countsOf(filter.last_n > 0 ? history.slice(-filter.last_n) : []), {
          repeatPenalty: filter.repeat,
          frequencyPenalty: filter.frequency,
          presencePenalty: filter.presence,
        });
        break;
      case 'top_k':
        candidates.topK(filter.k);
        break;
      case 'typical_p':
        candidates.typicalP(filter.p);
        break;
      case 'top_p':
        candidates.topP(filter.p);
        break;
      case 'min_p':
        candidates.minP(filter.p);
        break;
      case 'temperature':
        candidates.temperature(filter.t);
        break;
      default:
        filter satisfies never;
    }
  }
  return candidates;
}

function expectCandidates(golden: FilterCase, { ids, count, logits }: Candidates) {
  expect(count).toBe(golden.kept);
  const left = [...ids.subarray(0, count)];
  // a list that llama.cpp left unsorted is given by its best; ties have no order of their own
  if (golden.order.startsWith('unsorted')) left.sort((a, b) => logits[b] - logits[a] || a - b);
  for (const [i, [id, logit]] of golden.candidates.entries()) {
    if (logit === '-Infinity') expect(logits[left[i]]).toBe(-Infinity);
    else expect(logits[left[i]], `place ${i}`).toBeCloseTo(logit, 4);
    const isTie = golden.candidates.some(([other, equal]) => other !== id && equal === logit);
    if (!isTie) expect(left[i], `place ${i}`).toBe(id);
  }
  const total = left.reduce((sum, id) => sum + Math.exp(logits[id] - logits[left[0]]), 0);
  const first = golden.candidates[0][2];
  expect(1 / total / first).toBeCloseTo(1, 4);
}

describe('the candidates after', () => {
  it.each([...samplers.singles, ...samplers.chains].map(golden => [golden.name, golden] as const))(
    '%s are those of llama.cpp',
    (_, golden) => {
      expectCandidates(golden, runChain(golden.chain, realLogits, samplers.history));
    },
  );

  it.each(samplers.small.cases.map(golden => [golden.name, golden] as const))(
    '%s are those of llama.cpp, ties included',
    (_, golden) => {
      const logits = Float32Array.from(samplers.small.logits);
      const candidates = runChain(golden.chain, logits, samplers.small.history);
      // which of two equal ones comes first, or falls off the end, is not defined
      expect(candidates.count).toBe(golden.kept);
      const values = [...candidates.ids.subarray(0, candidates.count)].map(id => candidates.logits[id]);
      for (const [i, [, logit]] of golden.candidates.entries())
        expect(values[i]).toBeCloseTo(Number(logit), 5);
    },
  );

  it('−∞ masks are those of llama.cpp', () => {
    const { logits, case: golden } = samplers.small.masked;
    expectCandidates(golden, runChain(golden.chain, Float32Array.from(logits, Number), []));
  });
});

describe('the sampler', () => {
  it.each(samplers.draws.chains.map(({ chain, tokens }) => [chain, tokens] as const))(
    'draws what llama.cpp draws: %s, a fresh generator per seed',
    (chain, tokens) => {
      expect(tokens.map((_, seed) => samplerFor(chain, seed).sample(realLogits))).toEqual(tokens);
    },
  );

  it.each(samplers.draws.oneGenerator.runs.map(run => [run.seed, run.tokens] as const))(
    'draws what llama.cpp draws: seed %i, one generator',
    (seed, tokens) => {
      const sampler = samplerFor('Ollama defaults', seed);
      expect(tokens.map(() => sampler.sample(realLogits))).toEqual(tokens);
    },
  );

  it('takes the best at temperature 0, the lowest id of equal ones, and leaves the logits as they are', () => {
    const { chain } = samplers.chains.find(({ name }) => name === 'temperature 0 after the defaults')!;
    const logits = Float32Array.of(1, 3, 3, 2);
    expect(createSampler(4, 64, optionsOf(chain, 1)).sample(logits)).toBe(1);
    expect([...logits]).toEqual([1, 3, 3, 2]);
  });

  it('penalizes the tokens in its window alone', () => {
    const options = { ...optionsOf(samplers.chains[0].chain, 1), temperature: 0, presencePenalty: 5 };
    const sampler = createSampler(3, 64, { ...options, repeatLastN: 2 });
    const logits = Float32Array.of(3, 2, 1);
    const drawn = [0, 1, 2, 3].map(() => {
      const token = sampler.sample(logits);
      sampler.accept(token);
      return token;
    });
    expect(drawn).toEqual([0, 1, 2, 0]);
  });

  it('leaves short chains to the device, with the draws and the window that come next', () => {
    const name = 'Ollama defaults of older releases (repeat_penalty 1.1)';
    const [here, there] = [samplerFor(name, 9), samplerFor(name, 9)];
    expect(there.chain()?.penalties?.recent).toEqual(samplers.history.slice(-64));
    for (let i = 0; i < 4; i++) {
      const token = here.sample(realLogits);
      here.accept(token);
      // the device works ahead, and what it chose is not used but for the first
      const chain = there.chain()!;
      const choose = createReferenceSampler(chain);
      expect(choose(realLogits)).toBe(token);
      choose(realLogits);
      there.drew();
      there.accept(token);
      expect(there.chain()!.draw(0)).toBe(chain.draw(1));
    }
  });

  it('keeps to itself what the device cannot do', () => {
    const options = optionsOf(samplers.chains[0].chain, 1);
    const chainOf = (change: object) => createSampler(100, 64, { ...options, ...change }).chain();
    expect(chainOf({})).toMatchObject({ topK: 40, topP: 0.9, minP: 0, temperature: 0.8 });
    expect(chainOf({ temperature: 0, topK: 0 })).toEqual(greedy);
    expect(chainOf({ temperature: 0, presencePenalty: 1 })).toMatchObject({
      topK: 1,
      penalties: { window: 64 },
    });
    for (const change of [
      { topK: 0 },
      { topK: 129 },
      { typicalP: 0.5 },
      { repeatPenalty: 1.1, repeatLastN: 65 },
    ]) {
      expect(chainOf(change)).toBe(undefined);
    }
  });

  it('refuses logits that are not numbers', () => {
    expect(() => samplerFor('Ollama defaults', 1).sample(realLogits.map(() => Number.NaN))).toThrow(
      'not numbers',
    );
  });
});

describe('the generator', () => {
  it('is mt19937: the 10,000th output of seed 5489 is the one of the C++ standard', () => {
    const random = createRandom(5489);
    for (let i = 1; i < 5000; i++) random();
    // outputs 9,999 and 10,000 make the 5,000th double; the second is its high half
    expect(Math.floor(random() * 2 ** 32)).toBe(4123659995);
  });
});
