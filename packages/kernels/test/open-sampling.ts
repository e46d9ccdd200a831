/** Sampling on the device without a model. */
import { afterAll, expect } from 'vitest';
import { type Chain, type Device, type Layout, openDevice } from '../src/index.ts';
import { createPlan } from '../src/plan.ts';
import { DRAWS, recordSampling, samplingBytes, writeChain, writeDraws, writeMask } from '../src/sampling.ts';
import { gpu } from './dawn.ts';

const CONTEXT = 128;

const devices = new Map<Layout | undefined, Promise<Device>>();
afterAll(async () => {
  for (const device of devices.values()) (await device).destroy();
});

/**
 * The two dispatches that choose a token, by themselves: a function that chooses `count` tokens from the logits given for each.
 */
export async function openSampling(vocabSize: number, layout?: Layout) {
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
      const mask = chain.mask?.(tokens.at(-1));
      if (mask) writeMask(queue, buffers, mask);
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
