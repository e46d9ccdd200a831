import { expect, test } from 'vitest';
import { resolveOptions } from './options.ts';

test('defaults are those of Ollama', () => {
  const { contextLength, sampling } = resolveOptions();
  expect(contextLength).toBe(4096);
  expect(sampling).toEqual({
    numPredict: 40_960,
    numKeep: 4,
    seed: expect.any(Number),
    temperature: 0.8,
    topK: 40,
    topP: 0.9,
    minP: 0,
    typicalP: 1,
    repeatLastN: 64,
    repeatPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    stop: [],
  });
});

test('the request wins over the model, the model over the defaults; null and unknown names are ignored', () => {
  const model = { temperature: 0.1, stop: ['a'], top_k: 3 };
  const request = { stop: [], top_k: null, seed: 7.9, mirostat: 'x', Temperature: 'x' };
  const { sampling } = resolveOptions(request, model);
  expect(sampling).toMatchObject({ temperature: 0.1, stop: [], topK: 3, seed: 7 });
});

test('the context is clamped to 4 and to what the model was trained for', () => {
  expect(resolveOptions({ num_ctx: 1 }).contextLength).toBe(4);
  expect(resolveOptions({ num_ctx: 8192 }, {}, 512).contextLength).toBe(512);
  expect(resolveOptions({}, {}, 512).contextLength).toBe(512);
});

test.each([
  [-1, 40_960],
  [0, 40_960],
  [50_000, 40_960],
  [7, 7],
])('num_predict %d gives at most %d tokens', (num_predict, most) => {
  expect(resolveOptions({ num_predict }).sampling.numPredict).toBe(most);
});

test('a seed is drawn anew where there is none, and 0 is one', () => {
  expect(resolveOptions({ seed: 0 }).sampling.seed).toBe(0);
  expect(resolveOptions({ seed: -1 }).sampling.seed).not.toBe(resolveOptions().sampling.seed);
  expect(resolveOptions({ seed: -2 }).sampling.seed).toBe(2 ** 32 - 2);
  expect(resolveOptions({ seed: 2 ** 40 + 5 }).sampling.seed).toBe(5);
});

test('repeat_last_n -1 is the whole context', () => {
  expect(resolveOptions({ repeat_last_n: -1, num_ctx: 100 }).sampling.repeatLastN).toBe(100);
});

test.each<[object, string]>([
  [{ temperature: 'hot' }, 'option "temperature" must be of type float32'],
  [{ num_ctx: '1' }, 'option "num_ctx" must be of type integer'],
  [{ use_mmap: 1 }, 'option "use_mmap" must be of type boolean'],
  [{ stop: 'x' }, 'option "stop" must be of type array'],
  [{ stop: [1] }, 'option "stop" must be of an array of strings'],
])('%j is refused', (options, words) => {
  const refused = expect.objectContaining({ status: 500, message: words });
  expect(() => resolveOptions(options as Record<string, unknown>)).toThrow(refused);
  expect(() => resolveOptions({}, options as Record<string, unknown>)).toThrow(refused);
});
