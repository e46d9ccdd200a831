import { expect, it } from 'vitest';
import { fits, read } from '../test/reading.ts';
import { compileSchema } from './index.ts';

it('offers no blank space when compact', () => {
  expect(read({ type: 'array' }, '[1,{"a":2}]', { compact: true })).toBe('yes');
  expect(read({ type: 'array' }, '[1, 2]', { compact: true })).toBe('[1, ');
});

it('offers no blank space before and after a text, and bounded blank space within', () => {
  expect(read({}, ' {}')).toBe(' ');
  expect(read({}, '\n{}')).toBe('\n');
  expect(read({}, '{} ')).toBe('{} ');
  const indented = (blanks: number) => read({}, `{\n${' '.repeat(blanks)}"a":\n1 }`);
  expect(indented(40)).toBe('yes');
  expect(indented(41)).toBe(`{\n${' '.repeat(41)}`);
});

it('offers no bracket behind which nothing can follow', () => {
  expect(read({ contains: true, maxContains: 0 }, '[')).toBe('[');
  // an item that is asked for is also one of those of which there may be fewer
  const [number, integer] = [{ type: 'number' }, { type: 'integer' }];
  const none = { contains: integer, not: { contains: number, type: 'array' } };
  expect(read(none, '[')).toBe('[');
  const one = { contains: integer, minContains: 2, allOf: [{ contains: number, maxContains: 1 }] };
  expect(read(one, '[')).toBe('[');
  const two = { contains: integer, minContains: 2, allOf: [{ contains: number, maxContains: 2 }] };
  expect(read(two, '[1, 2, "a"]')).toBe('yes');
  expect(read(two, '[1, 2.5]')).toBe('[1, 2.5]');
  const noObject = { not: { patternProperties: { '^a': true }, multipleOf: 7 }, maxProperties: 2 };
  expect(read(noObject, '{')).toBe('{');
});

it('takes properties in any order where that is asked for', () => {
  const schema = { properties: { a: {}, b: {} }, required: ['a'] };
  expect(read(schema, '{"b": 1, "a": 2}')).toBe('{"b"');
  expect(read(schema, '{"b": 1, "a": 2}', { anyOrder: true })).toBe('yes');
});

it('gives objects no properties that nothing speaks of, where that is asked for', () => {
  const properties = { a: { type: 'integer' } };
  const fitsClosed = (schema: object, text: string) =>
    fits({ type: 'object', ...schema }, text, { closed: true });
  expect(fitsClosed({ properties }, '{"a": 1}')).toBe(true);
  expect(fitsClosed({ properties }, '{"a": 1, "b": 1}')).toBe(false);
  expect(fitsClosed({ properties, required: ['b'] }, '{"b": 1}')).toBe(true);
  expect(fitsClosed({}, '{"b": 1}')).toBe(true);
  expect(fitsClosed({ allOf: [{ properties }, { properties: { c: {} } }] }, '{"a": 1, "c": 2}')).toBe(true);
  expect(fitsClosed({ allOf: [{ properties }, { properties: { c: {} } }] }, '{"b": 2}')).toBe(false);
  const spokenOf = [
    { additionalProperties: true },
    { additionalProperties: { type: 'integer' } },
    { patternProperties: { '^b': {} } },
    { minProperties: 2 },
  ];
  for (const more of spokenOf) {
    expect(fitsClosed({ properties, ...more }, '{"a": 1, "b": 1}'), JSON.stringify(more)).toBe(true);
  }
  expect(fitsClosed({ properties, patternProperties: { '^b': {} } }, '{"c": 1}')).toBe(false);
  expect(fitsClosed({ properties, additionalProperties: { type: 'integer' } }, '{"b": "x"}')).toBe(false);
});

it('keeps the order that keys have in the text of a schema', () => {
  expect(
    read('{"type":"object","properties":{"b":{},"1":{}},"required":["1","b"]}', '{"b": 1, "1": 1}'),
  ).toBe('yes');
});

it('refuses with the place and the keyword', () => {
  const refused = (schema: unknown): unknown => {
    try {
      compileSchema(schema);
    } catch (error) {
      const { name, code, pointer, keyword } = error as {
        name: string;
        code: string;
        pointer: string;
        keyword: string;
      };
      return [name, code, pointer, keyword];
    }
    return undefined;
  };
  expect(refused({ properties: { a: { pattern: '(a)\\1' } } })).toEqual([
    'GrammarError',
    'unsupported',
    '/properties/a',
    'pattern',
  ]);
  expect(refused({ items: { minimum: '1' } })).toEqual(['GrammarError', 'invalid', '/items', 'minimum']);
  expect(refused({ $ref: '#' })).toEqual(['GrammarError', 'too-complex', '', '$ref']);
  const alternatives = Array.from({ length: 500 }, (_, i) => ({ maxProperties: i, required: [`a${i}`] }));
  const many = { items: { properties: { a: { type: 'object', anyOf: alternatives } } } };
  expect(refused(many)).toEqual(['GrammarError', 'too-complex', '/items/properties/a', 'anyOf']);
  expect(refused({ items: { not: { uniqueItems: true } } })).toEqual([
    'GrammarError',
    'too-complex',
    '/items/not',
    'uniqueItems',
  ]);
  expect(refused('{')).toEqual(['GrammarError', 'invalid', '', '']);
});

it.each([
  [{ type: 'string', const: 1 }, '', 'const'],
  [{ type: 'integer', minimum: 5, maximum: 3 }, '', 'maximum'],
  [{ allOf: [{ type: 'string' }, { enum: [] }] }, '/allOf/1', 'enum'],
  [{ anyOf: [false, { enum: [] }] }, '/anyOf/1', 'enum'],
  [{ type: 'object', properties: { a: {}, b: { enum: [] } }, required: ['a', 'b'] }, '/properties/b', 'enum'],
  [{ type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] }, '/properties/a', '$ref'],
  [{ type: 'object', additionalProperties: false, required: ['a'] }, '', 'additionalProperties'],
  [{ type: 'array', minItems: 2, items: { type: 'null', const: 3 } }, '/items', 'const'],
  [{ type: 'array', uniqueItems: true, minItems: 3, items: { enum: [1, 2] } }, '', 'uniqueItems'],
  [{ $ref: '#/$defs/a', $defs: { a: { not: {} } } }, '/$defs/a', 'not'],
  [false, '', ''],
])('says where %j lets nothing through', (schema, pointer, keyword) => {
  expect(() => compileSchema(schema)).toThrow(
    expect.objectContaining({ code: 'unsatisfiable', pointer, keyword }),
  );
});
