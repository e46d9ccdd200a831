import { examples } from '../../test/examples.ts';

examples([
  [{ oneOf: [{ type: 'integer' }, { minimum: 5 }], type: 'number' }, ['3', '7.5'], ['7', '2.5']],
  [{ anyOf: [{ minLength: 3 }, { type: 'integer' }] }, ['"abc"', '1', 'null'], ['"ab"']],
  [
    '{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"required":["b"]},"else":{"required":["c"]},"type":"object"}',
    ['{"a": 1, "b": 2}', '{"a": 2, "c": 2}'],
    ['{"a": 1, "c": 1}'],
  ],
  [
    { oneOf: [{ required: ['a'] }, { required: ['b'] }], type: 'object' },
    ['{"a": 1}', '{"b": 1}'],
    ['{}', '{"a": 1, "b": 1}'],
  ],
  [{ not: { required: ['a'] }, type: 'object' }, ['{"b": 1}'], ['{"a": 1}']],
  // alternatives around the same value are one while it is written
  [
    {
      type: 'object',
      additionalProperties: { $ref: '#' },
      if: { properties: { a: { type: 'object' } }, required: ['a'] },
      // biome-ignore lint/suspicious/noThenProperty: the keyword's name
      then: { required: ['b'] },
    },
    [`${'{"x": '.repeat(40)}{}${'}'.repeat(40)}`, `${'{"x": '.repeat(9)}{"a": {}, "b": {}}${'}'.repeat(9)}`],
    [`${'{"x": '.repeat(9)}{"a": {}}${'}'.repeat(9)}`, `${'{"x": '.repeat(9)}1`],
  ],
]);
