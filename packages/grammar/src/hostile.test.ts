/** Schemas that mean harm: each ends soon, compiled or refused, and leaves the next one alone. */
import { expect, it } from 'vitest';
import { bytesVocabulary, fits } from '../test/reading.ts';
import { compileSchema, createMatcher, GrammarError } from './index.ts';

const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const nested = (depth: number, around: (inner: string) => string, core = '{}'): string => {
  let text = core;
  for (let i = 0; i < depth; i++) text = around(text);
  return text;
};
const object = (text: string): unknown => JSON.parse(text);

const HOSTILE: Record<string, readonly unknown[]> = {
  deep: [
    nested(300, inner => `{"items": ${inner}, "not": {"type": "null"}}`),
    nested(600, inner => `{"items": ${inner}}`),
    nested(100_000, inner => `[${inner}]`),
    nested(490, inner => `{"not": ${inner}}`),
    nested(200, inner => `{"anyOf": [${inner}, {"type": "null"}], "type": "object"}`),
    { const: object(nested(400, inner => `[${inner}]`, '1')) },
  ],
  huge: [
    { properties: Object.fromEntries(times(20_000, i => [`property_number_${i}`, { type: 'integer' }])) },
    { description: 'x'.repeat(1_000_000), type: 'integer' },
    { enum: times(100_000, i => `value-${i}`) },
    { enum: times(50_000, i => i * 7) },
    { type: 'array', uniqueItems: true, items: { enum: times(20_000, i => `v${i}`) } },
    { enum: times(3_000, i => ({ a: i })) },
    { required: times(20_000, i => `p${i}`) },
    { type: 'string', pattern: `^(${times(10_000, i => `w${i}`).join('|')})$` },
  ],
  'recursive without consuming': [
    { $ref: '#' },
    { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { allOf: [{ $ref: '#/$defs/a' }] } } },
    { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }] } } },
    { not: { $ref: '#' } },
    { if: { $ref: '#' }, else: { type: 'null' } },
    {
      $ref: '#/$defs/a',
      $defs: { a: { required: ['x'], type: 'object', properties: { x: { $ref: '#/$defs/a' } } } },
    },
    { $recursiveRef: '#', $recursiveAnchor: true },
    { unevaluatedProperties: { $ref: '#' }, anyOf: [{ $ref: '#' }] },
  ],
  'exponential patterns': [
    { type: 'string', pattern: '^(a|a)*(a|a)*b{1,1000}(c{1,500}){1,500}$' },
    { type: 'string', pattern: '^((a+)+)+$', minLength: 1_000_000 },
    { type: 'string', pattern: '^(x{1000}){1000}$' },
    { type: 'string', pattern: '(((a{0,100}){0,100}){0,100}){0,100}' },
    { type: 'string', allOf: [{ pattern: '(a|b)*a(a|b){20}' }, { pattern: '(a|b)*b(a|b){19}c' }] },
    { type: 'string', not: { pattern: '(a|b)*a(a|b){30}$' } },
    { type: 'string', pattern: nested(1000, inner => `(${inner})`, 'a') },
    {
      patternProperties: Object.fromEntries(times(40, i => [`x${i}|y{${i}}`, { minimum: i }])),
      minProperties: 3,
    },
    {
      patternProperties: Object.fromEntries(times(12, i => [`[${'abcdefghijkl'[i]}z]`, { minLength: i }])),
      minProperties: 1,
    },
  ],
  'bounds beyond reason': [
    { type: 'string', minLength: 1_000_000, maxLength: 2_000_000 },
    { type: 'array', minItems: 1_000_000, maxItems: 1_000_001, items: { type: 'null' } },
    { type: 'array', minItems: 1_000_000, uniqueItems: true, items: { enum: [1, 2] } },
    { type: 'object', minProperties: 1_000_000 },
    { type: 'array', contains: { const: 1 }, minContains: 100_000 },
    { type: 'number', minimum: 1e300, maximum: 1e308 },
    '{"type": "number", "minimum": 1e999999999}',
    '{"type": "number", "exclusiveMaximum": -1e-999999999}',
    { type: 'number', multipleOf: 1e-300 },
    { type: 'number', multipleOf: 123456.789, minimum: 1e300 },
    '{"type": "integer", "multipleOf": 1e400}',
    '{"const": 123456789012345678901234567890123456789012345678901234567890}',
    { minLength: 1e21 },
  ],
  combinations: [
    { allOf: times(1000, i => ({ anyOf: [{ required: [`a${i}`] }, { required: [`b${i}`] }] })) },
    {
      allOf: times(30, i => ({
        anyOf: [{ properties: { [`a${i}`]: { type: 'null' } } }, { maxProperties: i, required: [`c${i}`] }],
      })),
    },
    { oneOf: times(100, i => ({ type: 'object', properties: { [`p${i}`]: { type: 'string' } } })) },
    { type: 'array', allOf: times(40, i => ({ contains: { multipleOf: i + 2 } })) },
    { not: { allOf: times(60, i => ({ anyOf: [{ required: [`a${i}`] }, { minProperties: i }] })) } },
    {
      type: 'object',
      dependentRequired: Object.fromEntries(times(300, i => [`p${i}`, [`p${(i + 1) % 300}`, `q${i}`]])),
    },
    { anyOf: times(5000, i => ({ properties: { kind: { const: `k${i}` } }, required: ['kind'] })) },
    {
      unevaluatedProperties: false,
      anyOf: times(40, i => ({ properties: { [`p${i}`]: {} }, patternProperties: { [`^x${i}`]: {} } })),
    },
  ],
  'not what it seems': [
    '{"properties": {"__proto__": {"type": "null"}, "constructor": {"type": "null"}}, "required": ["__proto__"]}',
    { $ref: '#/__proto__' },
    { $ref: '#/constructor/prototype' },
    { format: 'constructor' },
    { type: 'toString' },
    { pattern: '\\p{__proto__}' },
    { $ref: 'http://example.com/schema.json' },
    { $ref: 'file:///etc/passwd' },
    { $ref: '%' },
    { $id: 'http://[', $ref: '#a' },
    '{"const": "\\ud800"}',
    '{"pattern": "\\ud800"}',
    '{"properties": {"\\udfff": {}}, "required": ["\\udfff"]}',
    ...['(', '[', 'a**', '\\', '(?<n>a)\\k<n>', '(a)\\1', '[b-a]', 'a{2,1}', '(?i)a', '\\u{110000}'].map(
      pattern => ({ pattern }),
    ),
    { properties: [] },
    { items: 1 },
    { allOf: {} },
    { minLength: -1 },
    { enum: {} },
    '{"type": "object"',
    '',
    null,
    7,
  ],
};

/** Seconds of the processor: the machine may be busy. Most take some hundredths, none more than three. */
const LIMIT = 8;

for (const [kind, schemas] of Object.entries(HOSTILE)) {
  it(`ends soon with schemas that are ${kind}`, () => {
    for (const schema of schemas) {
      const start = process.cpuUsage();
      try {
        const matcher = createMatcher(compileSchema(schema), bytesVocabulary);
        const bits = new Uint32Array(9);
        for (let step = 0; step < 20; step++) {
          matcher.mask(bits);
          const token = bytesVocabulary.endIds[0];
          const next = Array.from({ length: token }, (_, id) => id).find(
            id => (bits[id >> 5] >>> (id & 31)) & 1,
          );
          if (next === undefined) break;
          matcher.accept(next);
        }
      } catch (error) {
        expect(error, JSON.stringify(schema)?.slice(0, 100)).toBeInstanceOf(GrammarError);
      }
      const { user } = process.cpuUsage(start);
      expect(user / 1e6, JSON.stringify(schema)?.slice(0, 100)).toBeLessThan(LIMIT);
    }
    // Nothing of it stays.
    expect(
      fits({ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }, '{"a": 1}'),
    ).toBe(true);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
}
