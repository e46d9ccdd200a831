/** The self-test finds kernels that compute something else, and other kernels take their place. */
import { type Device, DeviceError, greedy, openDevice } from '@tabllama/kernels';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createParrot } from '../../engine/test/parrot.ts';
import { gpu } from '../../kernels/test/dawn.ts';
import { createGpuRunner, type GpuRunnerOptions } from '../src/index.ts';
import { openFixture, readGolden } from './fixtures.ts';

const name = 'stories260K-q8_0';
let device: Device;
beforeEach(async () => {
  device = await openDevice(gpu);
});
afterEach(() => device.destroy());

const load = async (on: Device, onProgress?: GpuRunnerOptions['onProgress']) => {
  const { gguf, weights } = await openFixture(name);
  return createGpuRunner(on, gguf, weights, { contextLength: 128, onProgress });
};

/** The device, on which Q8_0 has another meaning in the kernels whose names match. */
function broken(which: RegExp): Device {
  const { pipelines } = device;
  return Object.assign(Object.create(device), {
    pipelines: ((kernel, constants, type) => {
      if (type?.name !== 'Q8_0' || !which.test(kernel)) return pipelines(kernel, constants, type);
      const wgsl = type.wgsl.replace('w0[2u * i + 1u]', 'w0[2u * i]');
      expect(wgsl).not.toBe(type.wgsl);
      return pipelines(kernel, constants, { ...type, wgsl, name: 'broken Q8_0' });
    }) satisfies Device['pipelines'],
  });
}

it.each([
  ['matmul', 'prefill'],
  ['matvec-glu', 'decode'],
  ['embed$', 'decode'],
])('refuses a load where %s is wrong in every layout', async (kernel, stage) => {
  const before = device.allocatedBytes;
  await expect(load(broken(new RegExp(kernel)))).rejects.toThrow(`the GPU computes ${stage} wrongly here`);
  expect(device.allocatedBytes).toBe(before);
});

it('refuses a load where sampling is wrong in every layout', async () => {
  const { pipelines } = device;
  const forgetful: Device = Object.assign(Object.create(device), {
    // most stretches of the vocabulary are left out
    pipelines: ((kernel, constants, type) =>
      pipelines(
        kernel,
        kernel === 'best-candidates' ? { LANES: 1 } : constants,
        type,
      )) satisfies Device['pipelines'],
  });
  await expect(load(forgetful)).rejects.toThrow('the GPU computes sampling wrongly here');
});

it('frees every buffer of a load whose kernels do not compile', async () => {
  const before = device.allocatedBytes;
  const { pipelines } = device;
  let isTested = false;
  const halfBroken: Device = Object.assign(Object.create(device), {
    pipelines: ((...args) =>
      isTested
        ? Promise.reject(new DeviceError('bad-kernel', 'does not compile'))
        : pipelines(...args)) satisfies Device['pipelines'],
  });
  await (await load(halfBroken))[Symbol.asyncDispose]();
  isTested = true;
  await expect(load(halfBroken)).rejects.toThrow('does not compile');
  expect(device.allocatedBytes).toBe(before);
});

it('takes other kernels where the first choice is wrong', async () => {
  const preferred = device.layout;
  const other = preferred.matvec === 'lanes' ? 'split' : 'lanes';
  const golden = readGolden(name);
  await using runner = await load(broken(new RegExp(`matvec.*${preferred.matvec}`)));
  expect(device.layout.matvec).toBe(other);
  await runner.prefill(golden.promptTokens, 0);
  const tokens: number[] = [];
  for await (const token of runner.sample(golden.promptTokens.length, greedy)) {
    if (tokens.push(token) === 16) break;
  }
  expect(tokens).toEqual(golden.generated.slice(0, 16));
});

it('is run once on a device', async () => {
  let compiled = 0;
  const { pipelines } = device;
  const counting: Device = Object.assign(Object.create(device), {
    pipelines: ((...args) => {
      compiled++;
      return pipelines(...args);
    }) satisfies Device['pipelines'],
  });
  const phases: string[] = [];
  const note = ({ phase }: { readonly phase: string }) => {
    if (phases.at(-1) !== phase) phases.push(phase);
  };
  await (await load(counting, note))[Symbol.asyncDispose]();
  const first = compiled;
  expect(phases).toEqual(['compile', 'upload']);
  await (await load(counting, note))[Symbol.asyncDispose]();
  expect(compiled - first).toBeLessThan(first);
  expect(phases).toEqual(['compile', 'upload']);
});

it('lets a model through whose logits cannot tell, and does not take that for a proof', async () => {
  const { gguf, weights } = createParrot(['one', ' two']);
  const loadParrot = async (on: Device) => {
    await using runner = await createGpuRunner(on, gguf, weights, { contextLength: 64 });
    return runner.vocabSize;
  };
  expect(await loadParrot(device)).toBe(262);
  let compiled = 0;
  const counting: Device = Object.assign(Object.create(device), {
    pipelines: ((...args) => {
      compiled++;
      return device.pipelines(...args);
    }) satisfies Device['pipelines'],
  });
  await loadParrot(counting);
  const again = compiled;
  await loadParrot(counting);
  expect(compiled - again).toBe(again);
});
