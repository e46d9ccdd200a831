/** Every kernel against its twin in float64: all tensor types, both layouts, weights in parts, odd widths, prefill and decode. */
import { findQuantType, type QuantType, quantTypes } from '@tabllama/quants';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelShape } from '../src/buffers.ts';
import { type Device, type DeviceOptions, openDevice } from '../src/index.ts';
import { gpu } from './dawn.ts';
import { allOf, type Extras, oneBlock, random, type Types } from './one-block.ts';

const shape: ModelShape = {
  blockCount: 1,
  embeddingLength: 256,
  feedForwardLength: 512,
  vocabSize: 97,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  ropeDim: 64,
  ropeStyle: 'norm',
  scale: 1 / 8,
  epsilon: 1e-5,
  cache: 'f32',
};
/** What a graphics card gets, on any adapter. */
const split = { matvec: 'split', lanes: 64, tokenLanes: 8, tileTokens: 64, fewTokens: 4 } as const;

const typeOf = (name: string): QuantType => quantTypes.find(type => type.name === name)!;

let own: Device;
beforeAll(async () => {
  own = await openDevice(gpu);
});
afterAll(() => own.destroy());

/** ‖a − b‖ / ‖b‖ */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

async function check(device: Device, each: ModelShape, types: Types, extras?: Extras, bound = 1e-5) {
  const { program, reference } = await oneBlock(device, each, types, 160, extras);
  const next = random(7);
  const tokens = Array.from({ length: device.layout.tileTokens + 11 }, () =>
    Math.floor(next() * each.vocabSize),
  );
  // a tile and two steps; a tile and a part of one; two tokens more
  const few = tokens.slice(0, device.layout.tileTokens + 2);
  await program.prefill(few, 0);
  expect(relativeError(await program.logits(), reference(few))).toBeLessThan(bound);
  await program.prefill(tokens.slice(0, -2), 0);
  expect(relativeError(await program.logits(), reference(tokens.slice(0, -2)))).toBeLessThan(bound);
  for (const length of [tokens.length - 1, tokens.length]) {
    const logits = await program.decode(tokens[length - 1], length - 1);
    expect(relativeError(logits, reference(tokens.slice(0, length)))).toBeLessThan(bound);
  }
}

async function onDevice(options: DeviceOptions, use: (device: Device) => Promise<void>) {
  const device = await openDevice(gpu, options);
  await use(device).finally(() => device.destroy());
}

describe.each(quantTypes.map(type => [type.name, type] as const))('%s', (_, type) => {
  it('in the layout of the adapter', () => check(own, shape, allOf(type)));
  it('with lanes that share rows', () =>
    onDevice({ layout: split }, device => check(device, shape, allOf(type))));
});

describe('shapes', () => {
  const q8 = typeOf('Q8_0');
  it('keeps keys and values as halves', () =>
    check(own, { ...shape, cache: 'f16' }, allOf(q8), undefined, 1e-3));
  it('rotates halves of a head, some of it', () =>
    check(own, { ...shape, ropeStyle: 'neox', ropeDim: 32 }, allOf(q8), { bias: true }));
  it('norms queries and keys', () => check(own, { ...shape, ropeStyle: 'neox' }, allOf(q8), { gains: true }));
  it('has widths that are no multiples of 32', () =>
    check(
      own,
      { ...shape, embeddingLength: 60, feedForwardLength: 172, headDim: 12, ropeDim: 12, scale: 0.3 },
      allOf(typeOf('F16')),
    ));
  it('has an input that is longer than a uniform block', () =>
    check(own, { ...shape, embeddingLength: 32, feedForwardLength: 16416 }, allOf(q8)));
  it('has queries and values of different types, and gate and up too', () =>
    check(own, shape, { ...allOf(typeOf('Q4_K')), v: typeOf('Q6_K'), down: typeOf('Q6_K'), up: q8 }));
  it.each([
    ['the adapter’s own', undefined],
    ['shared rows', split],
  ])('splits weights that are longer than a binding: %s', (_, layout) =>
    onDevice({ layout, maxBindingBytes: 16 << 10 }, device =>
      check(device, { ...shape, kvHeads: 1 }, { ...allOf(findQuantType(3)!), gate: q8, up: q8 }),
    ),
  );
});
