/** The embedded model on the GPU: how near its logits are to float64, how well it predicts a text, and what a load takes of memory. */
import { existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ByteSource, readGguf } from '@tabllama/gguf';
import { type Device, openDevice } from '@tabllama/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { createGpuRunner, createReferenceRunner } from '../src/index.ts';

const root = new URL('../../../', import.meta.url);
const file = new URL('models/smollm2-135m-instruct-q4_1.gguf', root);
const golden = JSON.parse(
  readFileSync(new URL('fixtures/golden/smollm2-135m-instruct-q4_1.json', root), 'utf8'),
);

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The file by ranges: nothing of it stays in memory. */
function openFile(): ByteSource {
  const handle = openSync(file, 'r');
  return {
    size: statSync(file).size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      if (readSync(handle, bytes, 0, length, offset) !== length) throw new RangeError('beyond the file');
      return bytes;
    },
  };
}

describe.runIf(existsSync(file))('SmolLM2-135M Q4_1 on the GPU', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice(gpu);
  });
  afterAll(() => device.destroy());

  it('holds at most 48 MiB of the JS heap while it loads', async () => {
    const source = openFile();
    const gguf = await readGguf(source);
    /** Bytes that are alive: what a collector has not come round to yet does not count. */
    const memory = () => {
      collectGarbage();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = memory();
    let most = 0;
    let ticks = 0;
    const onProgress = () => {
      ticks++;
      most = Math.max(most, memory() - before);
    };
    await using runner = await createGpuRunner(device, gguf, source, { contextLength: 512, onProgress });
    expect(runner.bytes).toBeGreaterThan(source.size * 0.9);
    expect(ticks).toBeGreaterThan(20);
    expect(most / 2 ** 20).toBeLessThan(48);
  });

  it.each([
    ['in full', 64, 1e-5],
    ['as halves', 8192, 2e-3],
  ])(
    'has the logits of float64, with keys and values %s',
    async (_, contextLength, bound) => {
      const source = openFile();
      const gguf = await readGguf(source);
      const options = { contextLength };
      const { promptTokens, f32 } = golden.prompts.find(({ id }: { id: string }) => id === 'raw-fact');
      await using reference = await createReferenceRunner(gguf, source, options);
      await using runner = await createGpuRunner(device, gguf, source, options);
      await reference.prefill(promptTokens, 0);
      await runner.prefill(promptTokens, 0);
      const error = (a: Float32Array, b: Float32Array) => {
        let [difference, norm] = [0, 0];
        for (let i = 0; i < a.length; i++) {
          difference += (a[i] - b[i]) ** 2;
          norm += b[i] ** 2;
        }
        return Math.sqrt(difference / norm);
      };
      expect(error(await runner.logits(), await reference.logits())).toBeLessThan(bound);
      for (const [i, token] of f32.generated.slice(0, 4).entries()) {
        const expected = await reference.decode(token, promptTokens.length + i);
        expect(error(await runner.decode(token, promptTokens.length + i), expected)).toBeLessThan(bound);
      }
    },
    300_000,
  );

  it('predicts a text as well as llama.cpp in F32: 512 tokens of it, a quarter on SwiftShader', async () => {
    const source = openFile();
    const gguf = await readGguf(source);
    await using runner = await createGpuRunner(device, gguf, source, { contextLength: 512 });
    const { tokens, f32 } = golden.nll;
    const count = /swiftshader/i.test(device.adapter) ? 128 : tokens.length - 1;
    let sum = 0;
    let expected = 0;
    for (let i = 0; i < count; i++) {
      const logits = await runner.decode(tokens[i], i);
      let total = 0;
      for (const logit of logits) total += Math.exp(logit - logits[tokens[i + 1]]);
      sum += Math.log(total);
      expected += f32.per[i];
    }
    expect(Math.abs(sum / expected - 1)).toBeLessThan(0.005);
  }, 1_200_000);
});
