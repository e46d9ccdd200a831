/** Tokens chosen on the device against the twin in float64, in both layouts, on real logits and on hostile ones. */
import { afterAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../engine/src/mersenne-twister.ts';
import { realLogits as golden, samplers } from '../../engine/test/samplers.ts';
import { type Device, type Layout, openDevice } from '../src/index.ts';
import { createPlan } from '../src/plan.ts';
import { createReferenceSampler } from '../src/reference.ts';
import {
  type Chain,
  DRAWS,
  greedy,
  MOST_CANDIDATES,
  NO_TOKEN,
  recordSampling,
  samplingBytes,
  writeChain,
  writeDraws,
} from '../src/sampling.ts';
import { gpu } from './dawn.ts';
import { random } from './one-block.ts';

const split = { matvec: 'split', lanes: 64, tokenLanes: 8, tileTokens: 64, fewTokens: 1 } as const;
const realLogits = Float32Array.from(golden);
const CONTEXT = 128;
/** So near a boundary a draw may fall to the other side in f32. */
const ROUNDING = 1e-5;

/** Ollama's. */
const defaults: Chain = { topK: 40, topP: 0.9, minP: 0, temperature: 0.8, draw: () => 0.5 };
const uniform = (seed: number) => {
  const next = random(seed);
  const draws = Array.from({ length: 512 }, next);
  return (n: number) => draws[n];
};

const devices = new Map<Layout | undefined, Promise<Device>>();
afterAll(async () => {
  for (const device of devices.values()) (await device).destroy();
});

/** A function that chooses `count` tokens, one submit each. */
async function sampling(vocabSize: number, layout?: Layout) {
  const opened = devices.get(layout) ?? openDevice(gpu, { layout });
  devices.set(layout, opened);
  const device = await opened;
  const { queue } = device.gpu;
  const bytes = {
    ...samplingBytes(vocabSize, device.layout, CONTEXT),
    state: 16,
    logits: vocabSize * 4,
    out: 16,
  };
  const buffers = Object.fromEntries(
    Object.entries(bytes).map(([name, size]) => [
      name,
      // STORAGE | COPY_DST | COPY_SRC, or MAP_READ | COPY_DST
      device.createBuffer(name, size, name === 'out' ? 0x09 : 0x8c),
    ]),
  ) as Record<keyof typeof bytes, GPUBuffer>;
  const plan = await createPlan(device, recordSampling(vocabSize, device.layout, buffers));
  return async (chain: Chain, count: number, logitsOf: (n: number) => Float32Array<ArrayBuffer>) => {
    queue.writeBuffer(buffers.state, 0, new Uint32Array(4));
    writeChain(queue, vocabSize, buffers, chain);
    const tokens: number[] = [];
    for (let n = 0; n < count; n++) {
      if (n % DRAWS === 0) writeDraws(queue, buffers, chain, n);
      queue.writeBuffer(buffers.logits, 0, logitsOf(n));
      const encoder = device.gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      plan.replay(pass, 1);
      pass.end();
      encoder.copyBufferToBuffer(buffers.state, 0, buffers.out, 0, 16);
      queue.submit([encoder.finish()]);
      await buffers.out.mapAsync(0x01);
      const [token, position, chosen] = new Uint32Array(buffers.out.getMappedRange());
      buffers.out.unmap();
      expect([position, chosen]).toEqual([n + 1, n + 1]);
      tokens.push(token);
    }
    return tokens;
  };
}

/** The twin chooses the same, or would, for a draw on either side. */
function expectChosen(chain: Chain, tokens: readonly number[], logitsOf: (n: number) => Float32Array) {
  const ways = [0, -ROUNDING, ROUNDING].map(shift =>
    createReferenceSampler({ ...chain, draw: n => Math.min(1, Math.max(0, chain.draw(n) + shift)) }),
  );
  let exact = 0;
  for (const [n, token] of tokens.entries()) {
    const twins = ways.map(way => way(logitsOf(n)));
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
      const tokens = await (await sampling(vocabSize, layout))(drawn, 24, logitsOf);
      expectChosen(drawn, tokens, logitsOf);
    }
  });

  it('draws what llama.cpp draws, seed for seed', async () => {
    const choose = await sampling(realLogits.length, layout);
    const { tokens } = samplers.draws.chains.find(({ chain }) => chain === 'Ollama defaults')!;
    const chain = { ...defaults, draw: (seed: number) => createRandom(seed)() };
    expect(await choose(chain, tokens.length, () => realLogits)).toEqual(tokens);
  });

  it('takes equal ones by their ids, and never what has no chance', async () => {
    const logits = new Float32Array(300).fill(-Infinity);
    for (const id of [299, 7, 150, 8]) logits[id] = 2;
    logits[9] = -0;
    logits[6] = 0;
    logits[40] = Number.NaN;
    // the nth of those that are equally probable
    const chain = { ...defaults, topP: 1, temperature: 1e6, draw: (n: number) => (n + 0.5) / 6 };
    const tokens = await (await sampling(logits.length, layout))(chain, 6, () => logits);
    expect(tokens).toEqual([7, 8, 150, 299, 6, 9]);
  });

  it('says so where logits are no numbers', async () => {
    const choose = await sampling(1031, layout);
    const logits = new Float32Array(1031).fill(Number.NaN);
    expect(await choose(greedy, 1, () => logits)).toEqual([NO_TOKEN]);
    const { penalties } = chains;
    expect(await choose({ ...penalties, topK: 128 }, 2, () => logits)).toEqual([NO_TOKEN, NO_TOKEN]);
  });
});
