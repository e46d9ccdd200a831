/** What the token loop asks of the device: counted by wrapping it. */
import { type Chain, type Device, greedy, openDevice } from '@tabllama/kernels';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gpu } from '../../kernels/test/dawn.ts';
import { createGpuRunner, estimateMemory, type Runner } from '../src/index.ts';
import { openFixture, readGolden } from './fixtures.ts';

const name = 'stories260K-q8_0';
const layers = 5;
const prompt = readGolden(name).promptTokens;
const contextLength = 192;

let device: Device;
const calls = { dispatches: 0, submits: 0, created: [] as string[] };

beforeAll(async () => {
  device = await openDevice(gpu);
  const real = device.gpu as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const method of ['Buffer', 'BindGroup', 'ComputePipeline', 'ComputePipelineAsync', 'ShaderModule']) {
    const create = real[`create${method}`].bind(real);
    real[`create${method}`] = (...args) => {
      calls.created.push(method);
      return create(...args);
    };
  }
  const createEncoder = device.gpu.createCommandEncoder.bind(device.gpu);
  device.gpu.createCommandEncoder = descriptor => {
    const encoder = createEncoder(descriptor);
    const begin = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = options => {
      const pass = begin(options);
      const dispatch = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (...grid) => {
        calls.dispatches++;
        dispatch(...grid);
      };
      return pass;
    };
    return encoder;
  };
  const submit = device.gpu.queue.submit.bind(device.gpu.queue);
  device.gpu.queue.submit = buffers => {
    calls.submits++;
    submit(buffers);
  };
});
afterAll(() => device.destroy());

async function load(): Promise<Runner> {
  const { gguf, weights } = await openFixture(name);
  const runner = await createGpuRunner(device, gguf, weights, { contextLength });
  await runner.prefill(prompt, 0);
  Object.assign(calls, { dispatches: 0, submits: 0, created: [] });
  return runner;
}

const ollama: Chain = { topK: 40, topP: 0.9, minP: 0, temperature: 0.8, draw: n => (n % 10) / 10 };
const penalties = { repeat: 1.1, frequency: 0.1, presence: 0.1, window: 64, recent: prompt };

it.each([
  ['the best token', greedy],
  ['Ollama’s defaults', ollama],
  ['penalties', { ...ollama, penalties }],
])(
  'takes one submit a token and at most 6 dispatches a layer + 4, and creates nothing: %s',
  async (_, chain) => {
    await using runner = await load();
    let tokens = 0;
    for await (const _ of runner.sample(prompt.length, chain)) if (++tokens === 20) break;
    // the first choice needs no step, and two more steps are under way when the loop is left
    const steps = calls.submits - 1;
    expect(steps).toBeGreaterThanOrEqual(19);
    expect(steps).toBeLessThanOrEqual(21);
    expect(calls.dispatches).toBeLessThanOrEqual((6 * layers + 4) * steps + 2);
    expect(calls.created).toEqual([]);
  },
);

it('takes two submits a token with masks, no more dispatches, and creates nothing', async () => {
  await using runner = await load();
  const told: (number | undefined)[] = [];
  const tokens: number[] = [];
  const bits = new Uint32Array(16).fill(0x0f0f0f0f);
  const mask = (previous?: number) => (told.push(previous) > 20 ? undefined : bits);
  for await (const token of runner.sample(prompt.length, { ...ollama, mask })) tokens.push(token);
  expect(told).toEqual([undefined, ...tokens]);
  expect(tokens).toHaveLength(20);
  expect(tokens.every(token => (token & 7) < 4)).toBe(true);
  expect(calls.submits).toBe(40);
  expect(calls.dispatches).toBeLessThanOrEqual((6 * layers + 4) * 20 + 2);
  expect(calls.created).toEqual([]);
});

it('has the logits of the last token where there is no mask for another', async () => {
  await using runner = await load();
  const tokens: number[] = [];
  const bits = new Uint32Array(16).fill(-1);
  const mask = () => (tokens.length < 5 ? bits : undefined);
  for await (const token of runner.sample(prompt.length, { ...greedy, mask })) tokens.push(token);
  const logits = Float32Array.from(await runner.logits());
  const { length } = tokens;
  expect(logits).toEqual(await runner.decode(tokens[length - 1], prompt.length + length - 1));
});

it('takes one submit for a token whose logits are read', async () => {
  await using runner = await load();
  for (let i = 0; i < 5; i++) await runner.decode(7, prompt.length + i);
  expect(calls.submits).toBe(5);
  expect(calls.dispatches).toBeLessThanOrEqual(5 * (6 * layers + 4));
  expect(calls.created).toEqual([]);
});

it('ends decoding by itself where the KV cache is full', async () => {
  await using runner = await load();
  let tokens = 0;
  for await (const _ of runner.sample(prompt.length, greedy)) tokens++;
  expect(tokens).toBe(contextLength - prompt.length + 1);
});

it('can be used again after a loop that was left', async () => {
  await using runner = await load();
  const first = async () => {
    const tokens: number[] = [];
    for await (const token of runner.sample(prompt.length, greedy))
      if (tokens.push(token) === 5) return tokens;
    return tokens;
  };
  const once = await first();
  await runner.prefill(prompt, 0);
  expect(await first()).toEqual(once);
});

it('stops a prefill between tiles and says how far it came', async () => {
  await using runner = await load();
  const controller = new AbortController();
  const tokens = Array.from({ length: 150 }, (_, i) => 3 + (i % 500));
  const running = runner.prefill(tokens, 0, controller.signal);
  controller.abort();
  const ran = await running;
  expect(ran).toBeGreaterThan(0);
  expect(ran).toBeLessThan(tokens.length);
});

it('frees every buffer, and takes what the header let foresee', async () => {
  const before = device.allocatedBytes;
  const { gguf } = await openFixture(name);
  const { device: foreseen } = estimateMemory(gguf, contextLength, device);
  {
    await using runner = await load();
    expect(runner.bytes).toBe(device.allocatedBytes - before);
    // vectors, uniforms and rounding are all that the estimate leaves out
    expect(Math.abs(runner.bytes - foreseen)).toBeLessThan(256 << 10);
  }
  expect(device.allocatedBytes).toBe(before);
});

it('frees every buffer of a load that was aborted', async () => {
  const before = device.allocatedBytes;
  const { gguf, weights } = await openFixture(name);
  const controller = new AbortController();
  const load = createGpuRunner(device, gguf, weights, {
    contextLength,
    signal: controller.signal,
    onProgress: ({ phase, completed, total }) => {
      if (phase === 'upload' && completed > total / 2) controller.abort(new Error('enough'));
    },
  });
  await expect(load).rejects.toThrow('enough');
  expect(device.allocatedBytes).toBe(before);
});

it('refuses a context that no binding holds, with the numbers', async () => {
  const before = device.allocatedBytes;
  const { gguf, weights } = await openFixture(name);
  await expect(createGpuRunner(device, gguf, weights, { contextLength: 2 ** 26 })).rejects.toThrow(
    /a context of 67108864 tokens takes \d+ MiB for the keys of one layer.* num_ctx/,
  );
  expect(device.allocatedBytes).toBe(before);
});

it('refuses a model that the device has no memory for, with the numbers, before it uploads a weight', async () => {
  const before = device.allocatedBytes;
  const { gguf, weights } = await openFixture(name);
  const full: Device = Object.assign(Object.create(device), { watchMemory: () => async () => true });
  const reads: number[] = [];
  const watched = {
    size: weights.size,
    read: (offset: number, length: number) => {
      reads.push(length);
      return weights.read(offset, length);
    },
  };
  await load().then(runner => runner[Symbol.asyncDispose]());
  const phases: string[] = [];
  const onProgress = ({ phase }: { readonly phase: string }) => phases.push(phase);
  await expect(createGpuRunner(full, gguf, watched, { contextLength, onProgress })).rejects.toThrow(
    /the model takes \d+ MiB of GPU memory \(\d+ MiB of it for a context of 192 tokens\)/,
  );
  expect(phases).not.toContain('upload');
  expect(reads.length).toBeLessThanOrEqual(2); // of a longer file: 4 MiB each
  expect(device.allocatedBytes).toBe(before);
});
