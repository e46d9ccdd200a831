/** Whole models on a software GPU against the reference in float64 and the goldens of llama.cpp. */
import { type Device, greedy, openDevice } from '@tabllama/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { createGpuRunner, createReferenceRunner, type Runner } from '../src/index.ts';
import { openFixture, readGolden, relativeError, tinyModels } from './fixtures.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice(gpu);
});
afterAll(() => device.destroy());

const compare = async (runner: Runner, reference: Runner) =>
  relativeError(await runner.logits(), await reference.logits());

describe.each(tinyModels)('%s on the GPU', name => {
  const golden = readGolden(name);
  const prompt = golden.promptTokens;
  const options = { contextLength: 192 };

  it('has the logits of the reference after prefill and after decode', async () => {
    const { gguf, weights } = await openFixture(name);
    await using reference = await createReferenceRunner(gguf, weights, options);
    await using runner = await createGpuRunner(device, gguf, weights, options);
    await reference.prefill(prompt, 0);
    await runner.prefill(prompt, 0);
    const errors = [await compare(runner, reference)];
    for (const [i, token] of golden.generated.slice(0, 4).entries()) {
      const expected = await reference.decode(token, prompt.length + i);
      errors.push(relativeError(await runner.decode(token, prompt.length + i), expected));
    }
    expect(Math.max(...errors)).toBeLessThan(2e-5);
  });

  it('decodes the greedy tokens of llama.cpp, in the pipeline and one by one', async () => {
    const { gguf, weights } = await openFixture(name);
    await using runner = await createGpuRunner(device, gguf, weights, options);
    await runner.prefill(prompt, 0);
    const tokens: number[] = [];
    for await (const token of runner.sample(prompt.length, greedy)) {
      if (tokens.push(token) === golden.generated.length) break;
    }
    expect(tokens).toEqual(golden.generated);

    await runner.prefill(prompt, 0);
    let logits = await runner.logits();
    const again: number[] = [];
    while (again.length < golden.generated.length) {
      const best = logits.reduce((top, value, id) => (value > logits[top] ? id : top), 0);
      again.push(best);
      logits = await runner.decode(best, prompt.length + again.length - 1);
    }
    expect(again).toEqual(tokens);
  });
});
