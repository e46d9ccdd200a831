import { examples } from '../../test/examples.ts';

const closed = { type: 'object', additionalProperties: false };

examples([
  [
    { ...closed, properties: { a: {}, b: {} }, required: ['b'] },
    ['{"a": 1, "b": 2}', '{"b": 2}'],
    ['{"b": 2, "a": 1}', '{"a": 1}'],
  ],
  [
    { type: 'object', properties: { a: { type: 'string' } } },
    ['{"a": "x", "z": 1}', '{}'],
    ['{"a": 1}', '{"z": 1, "z": 1}'],
  ],
  [
    { ...closed, patternProperties: { '^x': { type: 'string' } } },
    ['{"x1": "a"}'],
    ['{"x1": 1}', '{"y": "a"}'],
  ],
  [{ type: 'object', propertyNames: { maxLength: 2 } }, ['{"ab": 1}'], ['{"abc": 1}']],
  [
    { ...closed, properties: { a: {}, b: {}, c: {} }, minProperties: 2, maxProperties: 2 },
    ['{"a": 1, "c": 1}'],
    ['{"c": 1}', '{"a": 1, "b": 1, "c": 1}'],
  ],
  [{ type: 'object', dependencies: { a: ['b'] } }, ['{"b": 1}', '{"a": 1, "b": 1}'], ['{"a": 1}']],
  [
    {
      type: 'object',
      allOf: [{ properties: { a: {} } }],
      properties: { b: {} },
      unevaluatedProperties: false,
    },
    ['{"b": 1, "a": 1}'],
    ['{"c": 1}'],
  ],
  [
    { type: 'object', not: { additionalProperties: { type: 'string' } } },
    ['{"a": "x", "b": 1}'],
    ['{}', '{"a": "x"}'],
  ],
  // one property is two that are asked for
  [
    {
      type: 'object',
      maxProperties: 1,
      allOf: [{ not: { const: {} } }, { not: { additionalProperties: { type: 'integer' } } }],
    },
    ['{"a": true}'],
    ['{}', '{"a": 1}', '{"a": true,'],
  ],
  // of many patterns some cannot hold together
  [
    {
      type: 'object',
      patternProperties: Object.fromEntries(
        [...'abcdefghijkl'].map((letter, i) => [letter, { not: { const: i % 3 } }]),
      ),
      additionalProperties: false,
      minProperties: 1,
      allOf: [{ additionalProperties: { enum: [0, 1, 2] } }],
    },
    ['{"ab": 2}', '{"adgj": 1, "bx": 0}'],
    ['{"abc"', '{"ab": 1', '{"x"'],
  ],
  // conditions of which there is no complement
  [
    {
      type: 'object',
      anyOf: [{ patternProperties: { '^a': { type: 'array', uniqueItems: true } } }, { required: ['b'] }],
    },
    ['{"ax": [1, 2]}', '{"ax": [1, 1], "b": 1}'],
    ['{"ax": [1, 1]}'],
  ],
  [
    { type: 'object', not: { additionalProperties: { not: { type: 'array', uniqueItems: true } } } },
    ['{"a": [1, 1], "b": [1]}'],
    ['{"a": [1, 1]}', '{}'],
  ],
  // all but one of many properties, and one of a kind
  [
    {
      ...closed,
      properties: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`p${i}`, { enum: [0, 1] }])),
      minProperties: 89,
      not: { patternProperties: { '^p': { const: 1 } } },
    },
    [`{${Array.from({ length: 89 }, (_, i) => `"p${i}":${i < 88 ? 1 : 0}`)}}`],
    [`{${Array.from({ length: 90 }, (_, i) => `"p${i}":1`)}}`, '{"p2"'],
  ],
  // both are asked of the only name that there is
  [
    {
      type: 'object',
      allOf: [
        { not: { patternProperties: { '^q$': { type: ['string', 'null'] } } } },
        { not: { patternProperties: { '^q$': { type: 'number' } } } },
      ],
    },
    ['{"q": true}', '{"a": 1, "q": []}'],
    ['{}', '{"q": "', '{"q": 1'],
  ],
]);
