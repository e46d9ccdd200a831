import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sha256 } from './sha256.ts';

const expected = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 1 << 20])('%i bytes in one piece', length => {
  const bytes = randomBytes(length);
  expect(new Sha256().update(bytes).digest()).toBe(expected(bytes));
});

test('bytes in pieces of any length, with the state kept and taken up between them', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 }),
      fc.nat(12),
      (pieces, stop) => {
        let hash = new Sha256();
        for (const [i, piece] of pieces.entries()) {
          if (i === stop) hash = Sha256.load(hash.save());
          hash.update(piece);
        }
        expect(hash.digest()).toBe(expected(Buffer.concat(pieces)));
      },
    ),
  );
});

test('a state of another kind is refused', () => {
  expect(() => Sha256.load(new Uint8Array(116))).toThrow(RangeError);
});
