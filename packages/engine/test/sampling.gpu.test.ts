/** The device chooses what llama.cpp's samplers choose, and a model says the same whoever chooses. */
import { type Device, openDevice } from '@tabllama/kernels';
import { createGpuRunner, estimateMemory } from '@tabllama/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { openSampling } from '../../kernels/test/open-sampling.ts';
import { openFixture } from '../../models/test/fixtures.ts';
import { createEngine } from '../src/index.ts';
import { collect, greedy } from './load.ts';
import { realLogits, samplerFor, samplers } from './samplers.ts';

const split = { matvec: 'split', lanes: 64, tokenLanes: 8, tileTokens: 64, fewTokens: 1 } as const;
const logits = Float32Array.from(realLogits);

describe.each([
  ['of the adapter', undefined],
  ['of a graphics card', split],
] as const)('in the layout %s', (_, layout) => {
  it.each(samplers.draws.chains.map(({ chain, tokens }) => [chain, tokens] as const).slice(0, 3))(
    'draws what llama.cpp draws: %s, a fresh generator per seed',
    async (name, tokens) => {
      const choose = await openSampling(logits.length, layout);
      const chosen: number[] = [];
      for (const seed of tokens.keys()) {
        chosen.push(...(await choose(samplerFor(name, seed).chain()!, 1, () => logits)));
      }
      expect(chosen).toEqual(tokens);
    },
  );

  it.each(samplers.draws.oneGenerator.runs.map(run => [run.seed, run.tokens] as const))(
    'draws what llama.cpp draws: seed %i, one generator',
    async (seed, tokens) => {
      const choose = await openSampling(logits.length, layout);
      const chain = samplerFor('Ollama defaults', seed).chain()!;
      expect(await choose(chain, tokens.length, () => logits)).toEqual(tokens);
    },
  );
});

describe('a model', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice(gpu);
  });
  afterAll(() => device.destroy());

  it('says the same by the device’s choice as by the host’s', async () => {
    const engine = createEngine({
      openRunner: (gguf, weights, options) => createGpuRunner(device, gguf, weights, options),
      openEmbedder: () => Promise.reject(new Error('no embedder here')),
      estimate: (gguf, { contextLength }) => estimateMemory(gguf, contextLength, device),
    });
    const info = {
      name: 'tiny',
      digest: `sha256:${'0'.repeat(64)}`,
      ...(await openFixture('stories260K-q8_0')),
    };
    await using model = await engine.load(info, { contextLength: 128 });
    const defaults = { ...greedy, topK: 40, topP: 0.9, temperature: 0.8, numPredict: 40 };
    for (const change of [{ seed: 1 }, { seed: 2 }, { seed: 3, temperature: 1.5, repeatPenalty: 1.2 }]) {
      const options = { ...defaults, ...change };
      const ahead = await collect(model.complete({ prompt: 'Once upon a time', options }));
      const byHost = await collect(model.complete({ prompt: 'Once upon a time', options, topLogprobs: 0 }));
      expect(ahead.content).toBe(byHost.content);
      expect(ahead.stats.tokens).toBe(byHost.stats.tokens);
    }
  });
});
