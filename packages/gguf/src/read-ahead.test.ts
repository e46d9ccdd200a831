import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ByteSource, readAhead, sourceFromBytes } from './index.ts';

const MiB = 1 << 20;
const bytes = Uint8Array.from({ length: 18 * MiB + 5 }, (_, i) => (i * 2654435761) >>> 24);

/** Takes the memory that it is given, where that is as long, as a store does. */
const filling: ByteSource = {
  size: bytes.length,
  async read(offset, length, _signal, memory) {
    const taken = memory?.byteLength === length ? memory.transfer() : new ArrayBuffer(length);
    const out = new Uint8Array(taken);
    out.set(bytes.subarray(offset, offset + length));
    return out;
  },
};

it.each([
  ['in memory of its own', sourceFromBytes(bytes)],
  ['in memory that is used again', filling],
])('gives the bytes of the file for any reads, %s', async (_, plain) => {
  const reads = fc.array(fc.tuple(fc.nat(bytes.length), fc.nat(9 * MiB)), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(reads, async ranges => {
      const source = readAhead(plain);
      for (const [offset, wanted] of ranges) {
        const length = Math.min(wanted, bytes.length - offset);
        const read = await source.read(offset, length);
        expect(Buffer.compare(read, bytes.subarray(offset, offset + length))).toBe(0);
      }
    }),
    { numRuns: 30 },
  );
});

it('reads each window of 4 MiB once when the reads go from front to back', async () => {
  const ranges: number[][] = [];
  const plain = sourceFromBytes(bytes);
  const source = readAhead({
    size: plain.size,
    read: (offset, length) => {
      ranges.push([offset, length]);
      return plain.read(offset, length);
    },
  });
  for (let at = 0; at < bytes.length; at += 300_000)
    await source.read(at, Math.min(300_000, bytes.length - at));
  expect(ranges).toEqual([0, 4, 8, 12, 16].map(n => [n * MiB, Math.min(4 * MiB, bytes.length - n * MiB)]));
});

it('begins before it is asked for bytes, and leaves no memory behind', async () => {
  const begun: number[] = [];
  const given: Promise<Uint8Array<ArrayBuffer>>[] = [];
  const again: boolean[] = [];
  const source = readAhead({
    size: bytes.length,
    read(...range) {
      begun.push(range[0] / MiB);
      again.push(range[3] !== undefined);
      given.push(filling.read(...range));
      return given.at(-1)!;
    },
  });
  source.begin(MiB);
  expect(begun).toEqual([0, 4, 8]);
  expect(Buffer.compare(await source.read(MiB, MiB), bytes.subarray(MiB, 2 * MiB))).toBe(0);
  expect(begun).toEqual([0, 4, 8]);
  await source.read(5 * MiB, MiB);
  expect(begun).toEqual([0, 4, 8, 12]);
  await source.read(9 * MiB, MiB);
  expect(begun).toEqual([0, 4, 8, 12, 16]);
  await source.read(MiB, MiB);
  expect(begun).toEqual([0, 4, 8, 12, 16, 0]);
  // the last window is shorter
  expect(again).toEqual([false, false, false, false, false, true]);
  source[Symbol.dispose]();
  const windows = await Promise.all(given);
  expect(windows.map(({ buffer }) => buffer.byteLength)).toEqual([0, 0, 0, 0, 0, 0]);
});

it('refuses what lies outside, and tells of a read that failed', async () => {
  const source = readAhead({ size: 10 * MiB, read: () => Promise.reject(new Error('gone')) });
  await expect(source.read(10 * MiB, 1)).rejects.toThrow(RangeError);
  await expect(source.read(0, 1)).rejects.toThrow('gone');
});
