import { examples } from '../test/examples.ts';

const closed = { type: 'object', additionalProperties: false };

examples([
  [
    { $ref: '#/$defs/n', $defs: { n: { ...closed, properties: { c: { $ref: '#/$defs/n' } } } } },
    ['{"c": {"c": {}}}'],
    ['{"c": 1}'],
  ],
  [{ $ref: 'n', $defs: { x: { $id: 'n', type: 'null' } } }, ['null'], ['1']],
  [{ $ref: '#a', $defs: { x: { $anchor: 'a', type: 'null' } } }, ['null'], ['1']],
  [
    {
      $schema: 'http://json-schema.org/draft-07/schema#',
      items: { $ref: '#/definitions/a', maximum: 1 },
      definitions: { a: { type: 'integer' } },
    },
    ['[1]'],
    ['["a"]', '[2]'],
  ],
  [{ items: { $id: 'x', $ref: '#/$defs/a' }, $defs: { a: { type: 'null' } } }, ['[null]'], ['[1]']],
]);
