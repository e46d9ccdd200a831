import { describe, expect, it } from 'vitest';
import { fits, read } from '../test/reading.ts';
import { compileSchema } from './index.ts';

/** A schema, texts that satisfy it, texts that do not. */
type Example = readonly [schema: unknown, yes: readonly string[], no: readonly string[]];

const closed = { type: 'object', additionalProperties: false };
const EXAMPLES: Record<string, readonly Example[]> = {
  values: [
    ['json', ['{}', '{"a": [1, 2.5e3, "x\\n"], "b": null}'], ['1', '[1]']],
    [{ type: ['null', 'boolean'] }, ['null', 'true', 'false'], ['1', '"a"', '{}']],
    [
      { enum: ['a/b', 1, null, { x: [1] }] },
      ['"a/b"', '1', '1.0', 'null', '{"x": [1]}'],
      ['2', '{"x": [2]}', '{}'],
    ],
    [{ enum: ['v1', 'v1.0', 'v1b'] }, ['"v1"', '"v1.0"', '"v1b"'], ['"v1a"']],
    [{ not: { const: 'é' }, type: 'string' }, ['"e"', '"éé"'], ['"é"', '"\\u00e9"']],
  ],
  numbers: [
    [{ type: 'integer', $schema: 'http://json-schema.org/draft-04/schema#' }, ['1', '-20'], ['1.0', '1e3']],
    [{ type: 'integer' }, ['0', '-7', '1.0', '1e3', '1.5e9'], ['1.5', '01', '1.5e-1']],
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
  ],
  strings: [
    [{ type: 'string', minLength: 2, maxLength: 3 }, ['"ab"', '"é😀z"', '"\\n\\""'], ['"a"', '"abcd"']],
    [{ type: 'string', pattern: '^[a-z]+$', maxLength: 3 }, ['"abc"'], ['"abcd"', '"A"', '""']],
    [{ type: 'string', pattern: 'a.c' }, ['"xabcx"', '"a\\\\c"'], ['"xabx"', '"a\\nc"']],
    [{ type: 'string', pattern: '^(?!foo)\\w+$' }, ['"fo"', '"barfoo"'], ['"foo"', '"foobar"']],
    [{ type: 'string', pattern: '^\\w+(?<!foo)$' }, ['"foobar"'], ['"barfoo"']],
    [{ type: 'string', pattern: '^(?!b)' }, ['"a"', '""'], ['"b}1"']],
    [{ type: 'string', pattern: '^(^a|b$)' }, ['"ax"', '"b"'], ['"xb"']],
    [{ type: 'string', format: 'date' }, ['"2024-02-29"'], ['"2023-02-29"', '"2024-13-01"']],
    [{ type: 'string', format: 'uri' }, ['"http://example.com/a?b#c"', '"urn:x:y"'], ['"a b"', '"/a"']],
    [{ type: 'string', format: 'ipv6' }, ['"::1"', '"1:2:3:4:5:6:7:8"'], ['"1:2:3"', '":::"']],
    [{ pattern: '^(::|::a:a|::b)$' }, ['"::"', '"::a:a"', '"::b"', '1'], ['"::a"', '":"']],
    [{ type: 'string', format: 'topic' }, ['"anything"'], ['1']],
  ],
  arrays: [
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
  ],
  objects: [
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
  ],
  logic: [
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
  ],
  references: [
    [
      { $ref: '#/$defs/n', $defs: { n: { ...closed, properties: { c: { $ref: '#/$defs/n' } } } } },
      ['{"c": {"c": {}}}'],
      ['{"c": 1}'],
    ],
    [{ $ref: 'n', $defs: { x: { $id: 'n', type: 'null' } } }, ['null'], ['1']],
    [{ $ref: '#a', $defs: { x: { $anchor: 'a', type: 'null' } } }, ['null'], ['1']],
  ],
};

for (const [group, examples] of Object.entries(EXAMPLES)) {
  describe(group, () => {
    for (const [schema, yes, no] of examples) {
      it(JSON.stringify(schema), () => {
        for (const text of yes) expect(read(schema, text)).toBe('yes');
        for (const text of no) expect(fits(schema, text), text).toBe(false);
      });
    }
  });
}

it('offers no blank space when compact', () => {
  expect(read({ type: 'array' }, '[1,{"a":2}]', { compact: true })).toBe('yes');
  expect(read({ type: 'array' }, '[1, 2]', { compact: true })).toBe('[1, ');
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
  expect(refused({ $ref: '#' })).toEqual(['GrammarError', 'too-complex', '', '']);
  expect(refused({ type: 'string', const: 1 })).toEqual(['GrammarError', 'unsatisfiable', '', '']);
  expect(refused('{')).toEqual(['GrammarError', 'invalid', '', '']);
});
