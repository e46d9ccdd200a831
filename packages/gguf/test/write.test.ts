import { readFileSync } from 'node:fs';
import { readGguf, sourceFromBytes } from '@tabllama/gguf';
import { expect, test } from 'vitest';
import { fileOf } from './write.ts';

test('what is written for tests is read as what it was', async () => {
  const bytes = new Uint8Array(
    readFileSync(new URL('../../../fixtures/models/stories260K-q8_0.gguf', import.meta.url)),
  );
  const gguf = await readGguf(sourceFromBytes(bytes));
  const written = fileOf(gguf, bytes);
  const again = await readGguf(sourceFromBytes(written));
  expect(again.metadata).toEqual(gguf.metadata);
  for (const [name, { offset, ...rest }] of gguf.tensors) {
    const tensor = again.tensors.get(name)!;
    expect(tensor).toMatchObject(rest);
    const dataOf = (file: Uint8Array, from: number) => file.subarray(from, from + rest.bytes);
    expect(dataOf(written, tensor.offset)).toEqual(dataOf(bytes, offset));
  }
});
