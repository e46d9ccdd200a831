import { describe, expect, it } from 'vitest';
import { examples } from '../../test/examples.ts';
import { bytesVocabulary, fits, read } from '../../test/reading.ts';
import { compileSchema, createMatcher } from '../index.ts';
import { canonical, parseJson } from '../json.ts';

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
  // however deep what there is of them lies
  {
    type: 'array',
    uniqueItems: true,
    minItems: 3,
    items: Array.from({ length: 20 }).reduce<object>(
      a => ({ type: 'object', properties: { a }, required: ['a'], additionalProperties: false }),
      { type: 'boolean' },
    ),
  },
  // the second item would need a second item, without an end
  { type: 'array', uniqueItems: true, minItems: 2, items: { anyOf: [{ const: 1 }, { $ref: '#' }] } },
  // {"a": 1} is of both kinds, and no object has a `b`
  {
    type: 'array',
    uniqueItems: true,
    minItems: 6,
    items: {
      type: 'object',
      additionalProperties: false,
      anyOf: [
        { properties: { a: { enum: [1, 2, 3] } }, required: ['a'], maxProperties: 1 },
        { properties: { a: { enum: [0, 1] } }, additionalProperties: false },
      ],
      properties: { a: true, b: false },
    },
  },
  {
    type: 'array',
    uniqueItems: true,
    minItems: 3,
    items: {
      properties: { a: { enum: [1, 2] } },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
      type: 'object',
      additionalProperties: false,
    },
  },
])('finds no array for %j', schema => {
  expect(() => compileSchema(schema)).toThrow('no text satisfies');
});

it('refuses items that could take from later ones all that these may be', () => {
  const schema = { uniqueItems: true, minItems: 2, prefixItems: [{ enum: [1, 2] }, { const: 1 }] };
  expect(() => compileSchema(schema)).toThrow('few values in common');
});

describe('items that differ, however many they are', () => {
  const object = { properties: { a: { type: 'string' }, b: { type: 'integer' }, c: { type: 'boolean' } } };
  const texts = (count: number, of: (i: number) => unknown) =>
    JSON.stringify(Array.from({ length: count }, (_, i) => of(i)));
  it.each<[string, object, (i: number) => unknown]>([
    ['objects', { type: 'object', ...object, required: ['a'] }, i => ({ a: `${i % 7}`, b: i, c: i % 2 > 0 })],
    ['objects with what they like', {}, i => ({ a: 1, [`b${i}`]: [1, { c: i }] })],
    ['pairs', { type: 'array', items: { type: 'number' } }, i => [i % 5, Math.floor(i / 5)]],
    ['lists', { type: 'array', items: { type: 'string' }, uniqueItems: true }, i => ['a', `${i}`, 'b']],
    ['lists of each length', { items: { const: 1 } }, i => Array(i).fill(1)],
    [
      'any of several',
      { anyOf: [{ ...object, required: ['b'] }, { type: 'array' }] },
      i => (i % 2 ? [i] : { b: i }),
    ],
  ])('%s', (_, items, of) => {
    const schema = { type: 'array', uniqueItems: true, items };
    const text = texts(30, of);
    expect(read(schema, text)).toBe('yes');
    const again = `${text.slice(0, -1)}, ${JSON.stringify(of(17))}`;
    expect(read(schema, again)).not.toBe('open');
  });

  it('in whichever order their properties come', () => {
    const schema = { type: 'array', uniqueItems: true, items: { type: 'object' } };
    expect(fits(schema, '[{"a": 1, "b": 2}, {"b": 2, "a": 2}]')).toBe(true);
    expect(fits(schema, '[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]')).toBe(false);
    expect(fits(schema, '[{"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}, "y": 1}]')).toBe(true);
    expect(fits(schema, '[{"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}}]')).toBe(false);
    const items = {
      properties: { a: true },
      additionalProperties: { type: 'boolean' },
      propertyNames: { maxLength: 1 },
    };
    const closed = { closed: true };
    const some = { type: 'array', uniqueItems: true, items: { type: 'object', ...items } };
    expect(fits(some, '[{"b": true, "c": true}, {"c": true, "b": false}]', closed)).toBe(true);
    expect(fits(some, '[{"b": true, "c": true}, {"c": true, "b": true}]', closed)).toBe(false);
  });

  it('to the last of those that there are', () => {
    const properties = {
      a: { enum: [1, 2, 3] },
      b: { type: 'boolean' },
      c: { type: 'array', items: { enum: [0, 1] }, maxItems: 2 },
    };
    const items = { type: 'object', properties, required: ['a'], additionalProperties: false };
    const all = 3 * 3 * 8;
    for (let seed = 1; seed <= 3; seed++) {
      const matcher = createMatcher(
        compileSchema({ type: 'array', uniqueItems: true, minItems: all, items }, { compact: true }),
        bytesVocabulary,
      );
      const bits = new Uint32Array(9);
      const text: number[] = [];
      for (let dice = seed; !matcher.isComplete(); dice = (dice * 48271) % 2147483647) {
        matcher.mask(bits);
        // numbers are spelled in as few ways as may be
        const allowed = [...'[]{}",:abc0123truefalse']
          .map(char => char.charCodeAt(0))
          .filter(byte => (bits[byte >> 5] >>> (byte & 31)) & 1);
        expect(allowed.length, Buffer.from(text).toString()).toBeGreaterThan(0);
        text.push(allowed[dice % allowed.length]);
        matcher.accept(text.at(-1)!);
      }
      const list = parseJson(Buffer.from(text).toString()) as readonly [];
      expect(new Set(list.map(canonical)).size).toBe(all);
    }
  });
});
