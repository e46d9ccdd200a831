import Ajv from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesVocabulary, fits } from '../test/reading.ts';
import { compileSchema, createMatcher, GrammarError } from './index.ts';

const END = 256;
const ajv = new Ajv({ strict: false, validateFormats: false, logger: false });

const name = fc.constantFrom('a', 'b', 'c');
const small = fc.integer({ min: 0, max: 3 });
const { schema } = fc.letrec<{ schema: unknown; object: object }>(tie => ({
  object: fc.record(
    {
      type: fc.constantFrom(
        'object',
        'array',
        'string',
        'integer',
        'number',
        ['object', 'null'],
        ['array', 'string'],
      ),
      properties: fc.dictionary(name, tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      additionalProperties: tie('schema'),
      patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$', '^[ab]$'), tie('schema'), { maxKeys: 2 }),
      propertyNames: fc.constantFrom({ maxLength: 1 }, { pattern: 'a' }),
      minProperties: small,
      maxProperties: small,
      dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 1 }), { maxKeys: 1 }),
      items: tie('schema'),
      prefixItems: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      minItems: small,
      maxItems: small,
      contains: tie('schema'),
      minContains: small,
      maxContains: small,
      unevaluatedProperties: tie('schema'),
      unevaluatedItems: tie('schema'),
      dependentSchemas: fc.dictionary(name, tie('schema'), { maxKeys: 1 }),
      exclusiveMinimum: fc.integer({ min: -20, max: 20 }),
      maximum: fc.integer({ min: -20, max: 200 }),
      $ref: fc.constant('#/$defs/tree'),
      uniqueItems: fc.boolean(),
      minimum: fc.integer({ min: -20, max: 20 }),
      exclusiveMaximum: fc.integer({ min: -20, max: 200 }),
      multipleOf: fc.constantFrom(2, 7, 0.5),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom('^a', 'b', '^[ab]*$', '^(?!b)'),
      enum: fc.constantFrom([1, 'a', null], [true, { a: 1 }], [[1], 2, 'b']),
      const: fc.constantFrom(1, 'ab', false),
      anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      oneOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }),
      not: tie('schema'),
      if: tie('schema'),
      // biome-ignore lint/suspicious/noThenProperty: the keyword's name
      then: tie('schema'),
      else: tie('schema'),
    },
    { requiredKeys: [] },
  ),
  schema: fc.oneof(
    { maxDepth: 2 },
    { weight: 1, arbitrary: fc.boolean() },
    { weight: 5, arbitrary: tie('object') },
  ),
}));
/** Few keywords at a time, or nearly every schema is empty. */
const sparse = fc
  .tuple(schema, fc.infiniteStream(fc.integer({ min: 0, max: 9 })))
  .map(([value, dice]) => withTree(thin(value, dice)));

function without(value: unknown, keyword: string): unknown {
  return JSON.parse(JSON.stringify(value, (key, x: unknown) => (key === keyword ? undefined : x)));
}

/** What `$ref` points at. */
function withTree(given: unknown): unknown {
  const tree = { type: ['object', 'integer'], properties: { a: { $ref: '#/$defs/tree' } }, maxProperties: 2 };
  if (typeof given !== 'object') return given;
  // Ajv 8.17 takes every item for evaluated beside `contains`, or none.
  const judged = JSON.stringify(given).includes('"contains"') ? without(given, 'unevaluatedItems') : given;
  return { ...(judged as object), $defs: { tree } };
}

function thin(value: unknown, dice: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map(item => thin(item, dice));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(() => (dice.next().value as number) < 3);
  // Ajv 8.17 takes any short array for `contains` beside `prefixItems`.
  const judged = entries.filter(
    ([key]) => key !== 'prefixItems' || !entries.some(([other]) => other === 'contains'),
  );
  return Object.fromEntries(judged.map(([key, x]) => [key, DATA.has(key) ? x : thin(x, dice)]));
}
const DATA = new Set(['enum', 'const', 'required', 'type', 'dependentRequired', 'propertyNames']);

/** Bytes that bring a text to its end, tried first after a while. */
const CLOSING = [...'"}]0:,a1b'].map(char => char.charCodeAt(0));

it('lets through what Ajv finds valid, and nothing else; no walk comes to a dead end', () => {
  fc.assert(
    fc.property(sparse, fc.array(fc.nat(1000), { minLength: 40, maxLength: 40 }), (given, choices) => {
      let grammar: ReturnType<typeof compileSchema>;
      try {
        grammar = compileSchema(given);
      } catch (error) {
        if (error instanceof GrammarError) return;
        throw error;
      }
      const matcher = createMatcher(grammar, bytesVocabulary);
      const bits = new Uint32Array(9);
      const text: number[] = [];
      for (let step = 0; step < 400; step++) {
        matcher.mask(bits);
        const allowed = Array.from({ length: 257 }, (_, id) => id).filter(
          id => (bits[id >> 5] >>> (id & 31)) & 1,
        );
        expect(
          allowed.length,
          `dead end in ${JSON.stringify(given)} after ${Buffer.from(text)}`,
        ).toBeGreaterThan(0);
        if (
          allowed[0] === END ||
          (allowed.includes(END) && (step >= choices.length || choices[step] % 2 === 0))
        )
          break;
        const closing = CLOSING.filter(id => allowed.includes(id));
        const from =
          closing.length > 0 && (step >= choices.length || choices[step] % 3 > 0)
            ? closing
            : allowed.filter(id => id < END);
        const token = step < choices.length ? from[choices[step] % from.length] : from[0];
        expect(matcher.accept(token)).toBe(true);
        text.push(token);
      }
      if (!matcher.isComplete()) return;
      const json = Buffer.from(text).toString();
      expect(
        ajv.validate(given as object, JSON.parse(json)),
        `${JSON.stringify(given)} let ${json} through`,
      ).toBe(true);
    }),
    { numRuns: 400, seed: 7 },
  );
});

const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: true } as fc.JsonSharedConstraints);
it('lets a valid text through wherever the schema is not refused', () => {
  const values = fc.oneof(
    json,
    fc.constantFrom<unknown>({ a: 1 }, { a: 'b', b: [1] }, [1, 'a', null], 'ab', 7, { c: { a: [] } }),
  );
  fc.assert(
    fc.property(sparse, values, (given, value) => {
      const text = JSON.stringify(value);
      // Texts beyond the spellings offered, and keys that JSON cannot hold once, are not the question here.
      if (/"__proto__"|\\ud|\d{17}|e[+-]/.test(text)) return;
      let read: boolean;
      try {
        read = fits(given, text, { anyOrder: true });
      } catch (error) {
        if (!(error instanceof GrammarError)) throw error;
        if (error.code === 'unsatisfiable')
          expect(ajv.validate(given as object, value), JSON.stringify(given)).toBe(false);
        return;
      }
      expect(read, `${JSON.stringify(given)} and ${text}`).toBe(
        ajv.validate(given as object, JSON.parse(text)),
      );
    }),
    { numRuns: 1000, seed: 7 },
  );
});
