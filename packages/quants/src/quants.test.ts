import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { toHalf } from './half.ts';
import { fromHalf, quantTypes } from './index.ts';
import { quantizers } from './quantize.ts';

interface Golden {
  readonly blockSize: number;
  readonly typeSize: number;
  readonly bytes: string;
  readonly f32: string;
  readonly random?: { readonly bytes: string; readonly f32: string };
  readonly all65536Sha256?: string;
}
const file = new URL('../../../fixtures/quants/quant-blocks.json.gz', import.meta.url);
const golden: Record<string, Golden> = JSON.parse(gunzipSync(readFileSync(file)).toString()).types;
const decode = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const floats = (text: string) => new Float32Array(decode(text).buffer);
const goldenOf = (name: string) =>
  Object.entries(golden).find(([key]) => key.toLowerCase() === name.toLowerCase())![1];

/** Equal bit for bit; a NaN is a NaN. */
function expectSame(actual: Float32Array, expected: Float32Array) {
  expect(actual.length).toBe(expected.length);
  const wrong = expected.findIndex(
    (value, i) => !Object.is(actual[i], value) && !(value === 0 && actual[i] === 0),
  );
  expect(wrong, `weight ${wrong}: ${actual[wrong]} instead of ${expected[wrong]}`).toBe(-1);
}

describe.each(quantTypes.map(type => [type.name, type] as const))('%s', (name, type) => {
  const { bytes, f32, random, all65536Sha256, blockSize, typeSize } = goldenOf(name);
  it('has the block of ggml', () => {
    expect([type.blockSize, type.blockBytes]).toEqual([blockSize, typeSize]);
  });
  it('dequantizes rows as ggml does', () => {
    const expected = floats(f32);
    const out = new Float32Array(expected.length);
    type.dequantize(decode(bytes), out);
    expectSame(out, expected);
  });
  if (random)
    it('dequantizes random bytes as ggml does', () => {
      const expected = floats(random.f32);
      const out = new Float32Array(expected.length);
      type.dequantize(decode(random.bytes), out);
      expectSame(out, expected);
    });
  if (all65536Sha256)
    it('widens every one of the 65536 values as ggml does', () => {
      const out = new Float32Array(65536);
      type.dequantize(new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer), out);
      const hash = (values: Float32Array) =>
        createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
      // the golden has every NaN as 0x7fc00000
      const [exponent, fraction] = name === 'F16' ? [0x7c00, 0x3ff] : [0x7f80, 0x7f];
      const isNan = (h: number) => (h & exponent) === exponent && (h & fraction) !== 0;
      expect(out.every((value, h) => Number.isNaN(value) === isNan(h))).toBe(true);
      const words = new Uint32Array(out.buffer);
      for (let h = 0; h < 65536; h++) {
        if (!isNan(h)) continue;
        words[h] = 0x7fc00000;
      }
      expect(hash(out)).toBe(all65536Sha256);
    });
  it('quantizes rows into the bytes that ggml makes', () => {
    const out = new Uint8Array(decode(bytes).length);
    quantizers[name](floats(goldenOf('F32').bytes), out);
    expect(Buffer.compare(out, decode(bytes))).toBe(0);
  });
  it('quantizes zeros, and weights that are all the same', () => {
    for (const value of [0, 0.5, -0.5]) {
      const [block, back] = [new Uint8Array(type.blockBytes), new Float32Array(type.blockSize)];
      quantizers[name](new Float32Array(type.blockSize).fill(value), block);
      type.dequantize(block, back);
      for (const weight of back) expect(Math.abs(weight - value)).toBeLessThan(2e-3);
    }
  });
  if (type.split)
    it('splits blocks into planes that hold every byte once, in the order of the blocks', () => {
      const one = (block: Uint8Array<ArrayBuffer>) => {
        const planes = type.planes.map(plane => new Uint8Array(Math.ceil(plane.bytes / 4) * 4));
        type.split!(block, planes);
        return planes.map((plane, p) => plane.subarray(0, type.planes[p].bytes));
      };
      const sorted = (all: readonly Uint8Array[]) => all.flatMap(part => [...part]).sort((a, b) => a - b);
      const first = decode(bytes).subarray(0, type.blockBytes);
      expect(sorted(one(first))).toEqual(sorted([first]));
      // an odd number, more than are taken at once, wherever they begin
      const count = 4001;
      for (const start of [0, 1, 2]) {
        const source = Uint8Array.from(
          { length: start + count * type.blockBytes },
          (_, i) => (i * 2654435761) >>> 24,
        );
        const blocks = source.subarray(start);
        const planes = type.planes.map(plane => new Uint8Array(Math.ceil((count * plane.bytes) / 4) * 4));
        type.split!(blocks, planes);
        for (let b = 0; b < count; b++) {
          const expected = one(blocks.slice(b * type.blockBytes, (b + 1) * type.blockBytes));
          for (const [p, { bytes: each }] of type.planes.entries()) {
            if (Buffer.compare(planes[p].subarray(b * each, (b + 1) * each), expected[p]) !== 0)
              throw new Error(`block ${b} of those from byte ${start} on, plane ${p}`);
          }
        }
      }
    });
});

describe('toHalf', () => {
  it('gives back every half', () => {
    const finite = Array.from({ length: 65536 }, (_, half) => half).filter(
      half => (half & 0x7c00) !== 0x7c00,
    );
    expect(finite.filter(half => toHalf(fromHalf(half)) !== half)).toEqual([]);
  });
  it('rounds what lies between two of them to the nearer, and the middle to the even one', () => {
    const wrong: number[] = [];
    for (let half = 0; half < 0x7bff; half++) {
      const middle = (fromHalf(half) + fromHalf(half + 1)) / 2;
      const even = half + (half & 1);
      const [below, above] = [middle * (1 - 2 ** -23), middle * (1 + 2 ** -22)];
      const got = [middle, -middle, below, above].map(toHalf);
      if (got.join() !== [even, 0x8000 | even, half, half + 1].join()) wrong.push(half);
    }
    expect(wrong).toEqual([]);
  });
  it('refuses what no half can hold', () => {
    expect(toHalf(65519)).toBe(0x7bff);
    for (const value of [65520, -1e30, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(() => toHalf(value)).toThrow(RangeError);
    }
  });
});
