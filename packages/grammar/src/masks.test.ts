import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesVocabulary } from '../test/reading.ts';
import { compileSchema, createMatcher, createVocabulary, GrammarError, type Matcher } from './index.ts';

const encoder = new TextEncoder();
const PIECES = [
  ...[
    '"',
    ':',
    ',',
    ' ',
    '{',
    '}',
    '[',
    ']',
    '\n',
    '\\',
    '\\n',
    '\\u0001',
    '": "',
    '","',
    '":"',
    '":{"',
    '"]}',
  ],
  ...['a', 'b', 'ab', 'aa', 'é', '😀', '1', '0', '.5', '-', 'e1', 'true', 'null'],
].map(text => encoder.encode(text));
PIECES.push(Uint8Array.of(0xc3), Uint8Array.of(0xa9), Uint8Array.of(0xf0, 0x9f));

/** Single bytes, all pairs of pieces and some threes, a few of them twice; the last token ends the text. */
const TOKENS: Uint8Array[] = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap(part => [...part]));
for (const a of PIECES) for (const b of PIECES) TOKENS.push(join(a, b));
for (let i = 0; i < PIECES.length ** 3; i += 37) {
  const n = PIECES.length;
  TOKENS.push(join(PIECES[i % n], PIECES[Math.floor(i / n) % n], PIECES[Math.floor(i / n / n)]));
}
TOKENS.push(encoder.encode('":"'));
for (let i = 40; i < 64; i++) TOKENS.push(encoder.encode('a'.repeat(i)), encoder.encode(`${'b'.repeat(i)}"`));
const END = TOKENS.length;
const vocabulary = createVocabulary({ bytesOf: id => TOKENS[id], size: END + 1, endIds: [END] });

const name = fc.constantFrom('a', 'b', 'ab', 'aab', 'é', '"', '');
const text = fc.constantFrom('a', 'ab', 'aab', 'bé', '"', '', '1');
const { schema } = fc.letrec<{ schema: unknown }>(tie => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<unknown>(
      {},
      { type: 'string' },
      { type: 'integer' },
      { type: 'number', minimum: 1 },
      { type: 'null' },
    ),
    fc.record({
      type: fc.constant('string'),
      minLength: fc.nat(3),
      maxLength: fc.integer({ min: 3, max: 70 }),
    }),
    fc.record({ enum: fc.uniqueArray(fc.oneof(text, fc.nat(12)), { minLength: 1, maxLength: 4 }) }),
    fc.record({ type: fc.constant('string'), not: fc.record({ enum: fc.array(text, { minLength: 1 }) }) }),
    fc.record({ type: fc.constant('string'), pattern: fc.constantFrom('^[ab]+$', 'b', '^a|é$', '^(?!ab)') }),
    fc.record({
      type: fc.constant('string'),
      pattern: fc.constantFrom('^(?:\\S+\\s+){0,40}\\S+$', '^[^b].*[^b]$', '(a|$)', '^.{2,}b$'),
      maxLength: fc.integer({ min: 3, max: 200 }),
    }),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(name, tie('schema'), { maxKeys: 4 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.constant(false), tie('schema')),
        patternProperties: fc.dictionary(fc.constantFrom('^a', 'b$', '^[ab]$'), tie('schema'), {
          maxKeys: 2,
        }),
        propertyNames: fc.constantFrom({ maxLength: 2 }, { minLength: 2 }, { pattern: 'a' }),
        minProperties: fc.nat(3),
        maxProperties: fc.nat(3),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      { type: fc.constant('array'), items: tie('schema'), uniqueItems: fc.boolean(), maxItems: fc.nat(3) },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 2, maxLength: 3 }) }),
  ),
}));

const allows = (bits: Uint32Array, id: number): boolean => ((bits[id >> 5] >>> (id & 31)) & 1) === 1;

/** The mask by nothing but steps from byte to byte. */
function expected(bytewise: Matcher, id: number): boolean {
  if (id === END) return bytewise.isComplete();
  const matcher = bytewise.clone();
  return TOKENS[id].every(byte => matcher.accept(byte));
}

it('allows the tokens whose bytes can be read one by one, and no others', () => {
  fc.assert(
    fc.property(
      schema,
      fc.boolean(),
      fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
      (given, anyOrder, choices) => {
        let grammar: ReturnType<typeof compileSchema>;
        try {
          grammar = compileSchema(given, { anyOrder });
        } catch (error) {
          if (error instanceof GrammarError) return;
          throw error;
        }
        const matcher = createMatcher(grammar, vocabulary);
        const bytewise = createMatcher(compileSchema(given, { anyOrder }), bytesVocabulary);
        const bits = new Uint32Array((END + 32) >> 5);
        let read = '';
        for (const choice of choices) {
          matcher.mask(bits);
          const wrong = TOKENS.findIndex((_, id) => allows(bits, id) !== expected(bytewise, id));
          expect(
            wrong < 0
              ? ''
              : `${JSON.stringify(given)} after ${read}: ${new TextDecoder().decode(TOKENS[wrong])}`,
          ).toBe('');
          expect(allows(bits, END)).toBe(bytewise.isComplete());
          // Long tokens and such with quotes lead further.
          const allowed = TOKENS.map((_, id) => id).filter(id => allows(bits, id));
          const quoted = allowed.filter(id => id > 255 && TOKENS[id].includes(0x22));
          const from = quoted.length > 0 && choice % 3 > 0 ? quoted : allowed;
          if (from.length === 0) return;
          const token = from[choice % from.length];
          expect(matcher.accept(token)).toBe(true);
          for (const byte of TOKENS[token]) expect(bytewise.accept(byte)).toBe(true);
          read += new TextDecoder().decode(TOKENS[token]);
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

it('tells apart two names of which nothing but the quote is left', () => {
  const properties = { a: { type: 'null' }, b: { type: 'string' } };
  const grammar = compileSchema({ type: 'object', properties, additionalProperties: false });
  const bits = new Uint32Array((END + 32) >> 5);
  const token = (text: string): number => TOKENS.findIndex(bytes => new TextDecoder().decode(bytes) === text);
  for (const [name, allowed] of [
    ['b', true],
    ['a', false],
  ] as const) {
    const matcher = createMatcher(grammar, vocabulary);
    for (const text of ['{', '"', name]) {
      matcher.mask(bits);
      expect(matcher.accept(token(text))).toBe(true);
    }
    matcher.mask(bits);
    expect(allows(bits, token('":"'))).toBe(allowed);
  }
});

it('offers a token with several items that differ, whatever the first of them is', () => {
  const items = { type: 'string', not: { enum: ['a'] } };
  const matcher = createMatcher(compileSchema({ type: 'array', items, uniqueItems: true }), vocabulary);
  const bits = new Uint32Array((END + 32) >> 5);
  const token = (text: string): number => TOKENS.findIndex(bytes => new TextDecoder().decode(bytes) === text);
  for (const text of ['[', '"']) expect(matcher.accept(token(text))).toBe(true);
  matcher.mask(bits);
  expect(allows(bits, token('null","","'))).toBe(true);
});
