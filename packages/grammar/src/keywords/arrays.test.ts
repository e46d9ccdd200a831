import { examples } from '../../test/examples.ts';

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
]);
