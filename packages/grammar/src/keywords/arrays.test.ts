import { expect, it } from 'vitest';
import { examples } from '../../test/examples.ts';
import { compileSchema } from '../index.ts';

examples([
  [
    { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
    ['[1]', '[1, 2]'],
    ['[]', '[1, 2, 3]'],
  ],
  [{ type: 'array', prefixItems: [{ const: 1 }], items: false }, ['[]', '[1]'], ['[2]', '[1, 1]']],
  [{ type: 'array', contains: { type: 'string' }, maxItems: 2 }, ['["a"]', '[1, "a"]'], ['[]', '[1, 2]']],
  [{ type: 'array', contains: { const: 1 }, minContains: 0, maxContains: 1 }, ['[]', '[2, 1]'], ['[1, 1]']],
  [
    { type: 'array', uniqueItems: true, items: { enum: [1, [2], 'a'] } },
    ['[1, [2], "a"]'],
    ['[1, 1.0]', '[[2], [2]]'],
  ],
  [{ not: { items: { type: 'string' } }, type: 'array' }, ['["a", 1]'], ['[]', '["a"]']],
  // two of three in one item, where there is room for two
  [
    {
      type: 'array',
      maxItems: 2,
      allOf: [
        { contains: { type: 'integer', multipleOf: 2 } },
        { contains: { type: 'integer', multipleOf: 3 } },
        { contains: { type: 'string' } },
      ],
    },
    ['[6, "a"]', '["a", 12]'],
    ['[2,', '["a", 3', '[true'],
  ],
  // no third item, so none of the first two may be anything else
  [
    {
      type: 'array',
      allOf: [
        { contains: { multipleOf: 3, type: 'integer' } },
        { contains: { type: 'boolean' }, maxContains: 2 },
        { contains: true, maxContains: 2 },
      ],
    },
    ['[3, true]', '[false, 0]'],
    ['["', '[[', '[true, true'],
  ],
  // every item but one is another than 1 and 2, and they differ
  [
    {
      type: 'array',
      uniqueItems: true,
      minItems: 2,
      items: { enum: [1, 2, 3] },
      contains: { enum: [1, 2] },
      maxContains: 1,
    },
    ['[1, 3]', '[3, 2]'],
    ['[1, 2', '[1, 3,'],
  ],
  [
    { type: 'array', uniqueItems: true, minItems: 2, items: { anyOf: [{ enum: [1, []] }, { $ref: '#' }] } },
    ['[1, []]', '[[], [1, []], 1]'],
    ['[1]', '[[1, 1'],
  ],
  // as many objects as there are
  [
    {
      type: 'array',
      uniqueItems: true,
      minItems: 3,
      items: {
        type: 'object',
        properties: { a: { const: 1 }, b: { enum: [1, 2] } },
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
      },
    },
    ['[{"a": 1}, {"b": 2}, {"b": 1}]'],
    ['[{"a": 1}, {"b": 2}]', '[{}', '[{"a": 1, '],
  ],
]);

it.each([
  {
    type: 'array',
    uniqueItems: true,
    minItems: 3,
    items: { enum: [1, 2, 3] },
    contains: { enum: [1, 2] },
    maxContains: 1,
  },
  {
    type: 'array',
    maxItems: 2,
    allOf: [{ contains: { const: 1 } }, { contains: { const: 2 } }, { contains: { const: 3 } }],
  },
  { type: 'array', uniqueItems: true, minItems: 3, items: { enum: [[1], [2]] } },
  {
    type: 'array',
    uniqueItems: true,
    minItems: 4,
    items: { type: 'object', properties: { on: { type: 'boolean' } }, additionalProperties: false },
  },
  {
    type: 'array',
    uniqueItems: true,
    minItems: 3,
    items: { type: 'object', properties: { a: { enum: [1, 2] } }, required: ['a'], maxProperties: 1 },
  },
  {
    type: 'array',
    uniqueItems: true,
    minItems: 4,
    items: { enum: [{ a: 1 }, {}, { b: 1 }, { a: 1, b: 1 }], maxProperties: 1 },
  },
])('finds no array for %j', schema => {
  expect(() => compileSchema(schema)).toThrow('no text satisfies');
});

it('refuses items that could take from later ones all that these may be', () => {
  const schema = { uniqueItems: true, minItems: 2, prefixItems: [{ enum: [1, 2] }, { const: 1 }] };
  expect(() => compileSchema(schema)).toThrow('few values in common');
});
