import { examples } from '../../test/examples.ts';

examples([
  [
    {
      type: 'object',
      anyOf: [
        { properties: { a: { const: 1 } }, required: ['a'] },
        { properties: { b: {} }, required: ['b'] },
      ],
      unevaluatedProperties: false,
    },
    ['{"a": 1}', '{"b": 2}', '{"a": 1, "b": 2}'],
    ['{}', '{"a": 2, "b": 2}', '{"a": 1, "c": 1}'],
  ],
  [
    '{"if": {"required": ["a"]}, "then": {"properties": {"a": {}, "b": {}}}, "unevaluatedProperties": {"type": "null"}, "type": "object"}',
    ['{"a": 1, "b": 1}', '{"b": null}', '{"a": 1, "c": null}'],
    ['{"b": 1}', '{"a": 1, "c": 1}'],
  ],
  [
    { type: 'array', prefixItems: [{}], contains: { type: 'string' }, unevaluatedItems: false },
    ['[1, "a", "b"]', '["a"]'],
    ['[1]', '[1, 2, "a"]'],
  ],
  [
    {
      type: 'array',
      anyOf: [{ prefixItems: [{ const: 1 }, {}] }, { prefixItems: [{}] }],
      unevaluatedItems: false,
    },
    ['[1, 2]', '[2]'],
    ['[2, 2]', '[1, 2, 3]'],
  ],
  // schemas that depend on a property are applied to objects only
  ...['dependentSchemas', 'dependencies'].map(
    name =>
      [
        {
          type: ['array', 'object'],
          [name]: { c: { items: true, additionalProperties: true } },
          unevaluatedItems: false,
          unevaluatedProperties: false,
          properties: { a: true, c: true },
        },
        ['[]', '{"a": 1}', '{"c": 1, "b": 1}'],
        ['[1]', '{"b": 1}', '{"a": 1, "b": 1}'],
      ] as const,
  ),
]);
