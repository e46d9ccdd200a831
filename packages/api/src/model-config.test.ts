import { open } from 'node:fs/promises';
import { type ByteSource, type Gguf, readGguf } from '@tabllama/gguf';
import { expect, test } from 'vitest';
import { modelConfig } from './model-config.ts';

const header = (shape: readonly number[], fileType?: number): Gguf => ({
  version: 3,
  alignment: 32,
  metadata: new Map<string, string | number>([
    ['general.architecture', 'llama'],
    ...(fileType === undefined ? [] : [['general.file_type', fileType] as const]),
  ]),
  tensors: new Map([['t', { name: 't', type: 0, shape, offset: 0, bytes: 0 }]]),
  dataOffset: 0,
  valueRanges: new Map(),
});

test('the default model has the config that Ollama writes', async () => {
  const file = await open(new URL('../../../models/smollm2-135m-instruct-q4_1.gguf', import.meta.url));
  const source: ByteSource = {
    size: (await file.stat()).size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      await file.read(bytes, 0, length, offset);
      return bytes;
    },
  };
  const config = modelConfig(await readGguf(source));
  await file.close();
  expect(JSON.stringify(config)).toBe(
    '{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"134.52M","file_type":"Q4_1",' +
      '"architecture":"amd64","os":"linux"}',
  );
});

test.each([
  [[999], '999'],
  [[260_032], '260K'],
  [[2_000_000], '2M'],
  [[1000, 2029], '2.03M'],
  [[1_235_814_432], '1.2B'],
  [[3_000_000_000], '3B'],
])('%j weights are %s', (shape, text) => {
  expect(modelConfig(header(shape)).model_type).toBe(text);
});

test.each([
  [undefined, 'unknown'],
  [0, 'unknown'],
  [1, 'F16'],
  [15, 'Q4_K_M'],
  [32, 'BF16'],
  [19, 'unknown'],
  [-1, 'unknown'],
])('file type %s is %s', (number, text) => {
  expect(modelConfig(header([1], number)).file_type).toBe(text);
});
