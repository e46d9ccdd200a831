import fc from 'fast-check';
import { expect, it } from 'vitest';
import { examples } from '../../test/examples.ts';
import { fits } from '../../test/reading.ts';

examples([
  [{ type: 'integer', $schema: 'http://json-schema.org/draft-04/schema#' }, ['1', '-20'], ['1.0', '1e3']],
  [{ type: 'integer' }, ['0', '-7', '1.0', '1e3', '1.5e9'], ['1.5', '01', '1.5e-1']],
  // of zeros too, there are 40 at most behind the point
  ...[{ type: 'integer', maximum: 3 }, { enum: [2, 0] }, { const: 0 }, { minimum: 0, maximum: 0 }].map(
    schema => [schema, [`0.${'0'.repeat(40)}`], [`0.${'0'.repeat(41)}`, `4.${'0'.repeat(41)}`]] as const,
  ),
  [
    { minimum: 1.5, maximum: 20 },
    ['1.5', '2', '1.50', '2e1', '1.5e0', '20.0'],
    ['1.49', '20.01', '-2', '2.1e1', '9e-1'],
  ],
  [
    { exclusiveMinimum: -2, exclusiveMaximum: 0, type: 'number' },
    ['-1', '-1.99', '-1e-5'],
    ['-2', '0', '-0', '-2.0'],
  ],
  [{ multipleOf: 0.01, type: 'number' }, ['3.14', '3.140', '3'], ['3.141']],
  [{ multipleOf: 7, minimum: 20, maximum: 30 }, ['21', '28'], ['20', '29']],
  [{ minimum: 0, exclusiveMinimum: true }, ['1', '0.1'], ['0']],
  [{ multipleOf: 86400, type: 'integer', minimum: 0 }, ['86400', '172800', '0'], ['86401']],
  [{ allOf: [{ multipleOf: 4 }, { multipleOf: 6 }], type: 'integer', minimum: 1 }, ['12', '24'], ['4', '18']],
  // several remainders at once, and bounds: what lies behind them is not searched
  [
    { type: 'integer', maximum: 29, oneOf: [7, 13, 4].map(multipleOf => ({ multipleOf })) },
    ['7', '26', '8', '-7', '-13'],
    ['28', '0', '52', '-91', '33'],
  ],
  [
    { multipleOf: 9, not: { multipleOf: 5 }, oneOf: [{ multipleOf: 11 }, { multipleOf: 3 }, { minimum: 5 }] },
    ['-9', '-18'],
    ['9', '99', '-45', '-99'],
  ],
  [
    {
      type: 'integer',
      multipleOf: 4,
      maximum: 31,
      oneOf: [{ multipleOf: 11 }, { multipleOf: 5 }, { minimum: 18 }, { multipleOf: 13 }],
    },
    ['24', '28', '-44', '-20'],
    ['20', '-4', '44', '0'],
  ],
]);

/** Spellings that lie so near to a number that many are the same double. */
const spelledNear = (value: number) =>
  fc
    .tuple(fc.nat(24), fc.constantFrom('', '1', '5', '49', '51', '9', '999'), fc.boolean())
    .map(([zeros, end, isBelow]) => {
      const text = String(value);
      const more = (filler: string) =>
        `${text.includes('.') ? text : `${text}.`}${filler.repeat(zeros)}${end}`;
      if (!isBelow) return more('0');
      // one less in the last place, and nines behind it
      const [sign, digits] = text.startsWith('-') ? ['-', text.slice(1)] : ['', text];
      const less = (BigInt(digits.replace('.', '')) - 1n)
        .toString()
        .padStart(digits.replace('.', '').length, '0');
      const whole = digits.split('.')[0].length;
      const written = `${less.slice(0, whole).replace(/^0+(?=\d)/, '')}.${less.slice(whole)}`;
      return `${sign}${written}${'9'.repeat(zeros)}${end}`;
    });

const bounds = [
  3, 10, 0.5, 1000, 2.75, 123456, 99999.5, -7, -100, 0.30000000000000004, 9007199254740992, 1234567890.123456,
];
const assertions: [schema: (bound: number) => object, holds: (value: number, bound: number) => boolean][] = [
  [exclusiveMinimum => ({ exclusiveMinimum }), (value, bound) => value > bound],
  [exclusiveMaximum => ({ exclusiveMaximum }), (value, bound) => value < bound],
  [minimum => ({ minimum }), (value, bound) => value >= bound],
  [minimum => ({ not: { minimum } }), (value, bound) => value < bound],
  [exclusiveMinimum => ({ not: { exclusiveMinimum } }), (value, bound) => value <= bound],
  [value => ({ const: value }), (value, bound) => value === bound],
  [value => ({ not: { const: value } }), (value, bound) => value !== bound],
  [() => ({ not: { type: 'integer' } }), value => !Number.isInteger(value)],
  [() => ({ type: 'integer' }), value => Number.isInteger(value)],
  [() => ({ not: { multipleOf: 0.25 } }), value => !Number.isInteger(value * 4)],
  [() => ({ multipleOf: 0.25 }), value => Number.isInteger(value * 4)],
];

it('lets nothing through that readers with doubles take for another number', () => {
  let passed = 0;
  const near = fc
    .constantFrom(...bounds)
    .chain(bound => spelledNear(bound).map(text => [bound, text] as const));
  fc.assert(
    fc.property(near, fc.constantFrom(...assertions), ([bound, text], [schema, holds]) => {
      if (!fits(schema(bound), text)) return;
      passed++;
      expect(holds(Number(text), bound), `${JSON.stringify(schema(bound))} let ${text} through`).toBe(true);
    }),
    { numRuns: 3000 },
  );
  expect(passed).toBeGreaterThan(300);
});

examples([
  [{ exclusiveMinimum: 0 }, ['1e-307', `0.${'0'.repeat(39)}1`, '0.30000000000000004'], ['1e-320', '0', '-1']],
  [
    { exclusiveMinimum: 3 },
    ['3.1415926535897931', '3.00000000000001', '3e1'],
    ['3.0000000000000000001', '3'],
  ],
  [{ not: { const: 3 } }, ['3.1', '30', '2.999', '3.1415926535897931'], ['3.0', `3.${'0'.repeat(30)}1`]],
  [
    { not: { type: 'integer' } },
    ['0.1', '3.141592653589793', '1234.05', '0.30000000000000004', '99.99'],
    ['1.0', '7111021030001030000109.001', `1.${'0'.repeat(20)}1`],
  ],
  [
    { allOf: [{ enum: [9007199254740990] }, { not: { enum: [9007199254740992] } }] },
    ['9007199254740990'],
    [],
  ],
  [
    { not: { const: 9007199254740992 } },
    ['9007199254740990', '9007199254740994', '9007199254740991'],
    ['9007199254740993', '9007199254740992.0', '9007199254740991.7'],
  ],
  [
    { not: { const: 0.1234567890123 } },
    ['0.1234567890124', '0.12345678901230004'],
    ['0.12345678901230000000001', '1.234567890123e-1'],
  ],
  // what is zero or infinite for a reader that has doubles
  ...['1e-400', '1.2345678901234567e-330', '-1.2345678901234567e-330'].map(
    text => [`{"not": {"const": ${text}}}`, ['1', '-0.5'], ['0', '-0.0']] as const,
  ),
  ['{"exclusiveMaximum": 1.2345678901234567e200}', ['1e200', '1.2345678901234e200'], ['1e201']],
  [{ not: { multipleOf: 0.01 } }, ['3.141', '0.005'], ['3.14', `3.14${'0'.repeat(20)}1`]],
  // spellings that are not offered stay so beside other keywords
  [{ type: 'number', enum: [1] }, ['1', '1.00E0'], [`1.${'0'.repeat(18)}E0`]],
  [{ enum: [1, -8], not: { exclusiveMinimum: -7 } }, ['-8'], ['1', `1.${'0'.repeat(18)}E0`]],
  [{ allOf: [{ enum: [2, 3] }, { type: 'integer' }, { minimum: 3 }] }, ['3'], [`3.${'0'.repeat(18)}e0`, '2']],
  // many numbers share their digits
  [
    { enum: [3, 30, 0.3, 0.03, -3, 1000, 2.75, 0, 30.5, 300, 30] },
    ['3', '3.0', '3e0', '30', '3e1', '0.3', '3e-1', '0.030', '-3', '1e3', '1.000e3', '-0', '30.50', '3.05e1'],
    ['33', '-30', '3e2.5', '2.7', '2.750000000000000000001', '1e2', '30.05', '3000', '0.003', '-3e1'],
  ],
  [
    { not: { enum: [3, 30, 0.3, 0.03, -3, 1000, 2.75, 30.5] } },
    ['33', '-30', '2.7', '1e2', '30.05', '3000', '0.003', '-3e1', '2.7500001', '2.99', '999', '-2.9'],
    [
      '3',
      '3.0',
      '3e0',
      '30',
      '3e1',
      '0.3',
      '0.030',
      '-3',
      '1e3',
      '2.75000000000000000001',
      '29.99999999999999999',
    ],
  ],
]);
