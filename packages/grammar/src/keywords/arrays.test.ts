import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examples } from '../../test/examples.ts';
import { bytesVocabulary, fits, read } from '../../test/reading.ts';
import { compileSchema, createMatcher, createVocabulary, type Matcher } from '../index.ts';
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
  [
    { type: 'array', contains: { const: 1 }, minContains: 40, minItems: 45, items: { enum: [1, 2] } },
    [`[${'1,2,'.repeat(40)}1]`, `[${'1,'.repeat(44)}2]`],
    [`[${'1,2,'.repeat(39)}2]`, `[${'1,'.repeat(43)}1]`],
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
  // before a string may come there are two items of which each must be []
  {
    type: 'array',
    uniqueItems: true,
    prefixItems: [
      { type: 'array', maxItems: 0 },
      { type: 'array', maxItems: 0 },
    ],
    contains: { type: 'string' },
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

describe('items that differ, of few values', () => {
  const values = ['1', '2', 'null', '[1]', '{"a":1}'];
  const some = fc.uniqueArray(fc.nat(values.length - 1), { minLength: 1 });
  const many = fc.record({
    prefix: fc.array(some, { maxLength: 4 }),
    items: fc.option(some, { nil: [] }),
    min: fc.nat(5),
    max: fc.integer({ min: 1, max: 5 }),
    among: some,
    minContains: fc.nat(3),
    maxContains: fc.nat(4),
  });

  it('are offered where each that must follow can still have one of its own', () => {
    fc.assert(
      fc.property(many, ({ prefix, items, min, max, among, minContains, maxContains }) => {
        const of = (list: readonly number[]) => ({ enum: list.map(i => JSON.parse(values[i])) });
        const sizes = { minItems: min, maxItems: max, minContains, maxContains };
        const rest = items.length > 0 ? of(items) : false;
        const tuple = prefix.length > 0 ? { prefixItems: prefix.map(of) } : {};
        const schema = {
          type: 'array',
          uniqueItems: true,
          ...tuple,
          items: rest,
          contains: of(among),
          ...sizes,
        };
        const isDone = (list: readonly number[]): boolean => {
          const contained = list.filter(i => among.includes(i)).length;
          const isLong = list.length >= min && list.length <= max;
          return isLong && contained >= minContains && contained <= maxContains;
        };
        const next = (list: readonly number[]): readonly number[] =>
          list.length < max ? (prefix[list.length] ?? items).filter(i => !list.includes(i)) : [];
        const ends = (list: readonly number[]): boolean =>
          isDone(list) || next(list).some(i => ends([...list, i]));
        const follow = (matcher: Matcher, text: string): Matcher | undefined => {
          const at = matcher.clone();
          return [...text].every(char => at.accept(char.charCodeAt(0))) ? at : undefined;
        };
        const visit = (matcher: Matcher, list: readonly number[]): void => {
          expect(follow(matcher, ']') !== undefined, `${list} ends`).toBe(isDone(list));
          for (const [i, value] of values.entries()) {
            const at = follow(matcher, (list.length > 0 ? ',' : '') + value);
            // behind a number, which might go on, it shows with what comes next
            const isOpen = at && (follow(at, ',') ?? follow(at, ']')) !== undefined;
            const isRight = next(list).includes(i) && ends([...list, i]);
            expect(isOpen ?? false, `${value} behind ${list} of ${JSON.stringify(schema)}`).toBe(isRight);
            if (at && isRight) visit(at, [...list, i]);
          }
        };
        if (!ends([])) expect(() => compileSchema(schema)).toThrow('no text satisfies');
        else
          visit(follow(createMatcher(compileSchema(schema, { compact: true }), bytesVocabulary), '[')!, []);
      }),
      { numRuns: 60 },
    );
  });

  it('are counted by their values, where they share some of them', () => {
    const pair = {
      type: 'array',
      prefixItems: [{ type: 'integer', minimum: 0, maximum: 2 }, { const: 1 }],
      items: { type: ['null', 'boolean'] },
      uniqueItems: true,
    };
    const schema = { type: 'array', uniqueItems: true, items: pair };
    expect(fits(schema, '[[2], [0, 1, null, true], [0, 1, null], [0, 1, true], [0, 1, false]]')).toBe(true);
    // of other names there are three, of any value
    const object = {
      type: 'object',
      properties: { a: { const: 1 } },
      required: ['a'],
      propertyNames: { enum: ['a', 'b', 'c', 'd'] },
    };
    expect(
      fits(
        { type: 'array', uniqueItems: true, minItems: 3, items: object },
        '[{"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 3}]',
      ),
    ).toBe(true);
    // with each of them, or without: eight
    const few = { ...object, additionalProperties: { const: 0 } };
    const all = (minItems: number) =>
      compileSchema({ type: 'array', uniqueItems: true, minItems, items: few });
    expect(() => all(8)).not.toThrow();
    expect(() => all(9)).toThrow('no text satisfies');
    // of three names that must all be there one object is made
    const full = { ...few, properties: {}, required: [], minProperties: 4 };
    expect(() => compileSchema({ type: 'array', uniqueItems: true, minItems: 2, items: full })).toThrow(
      'no text satisfies',
    );
    // of which one of two conditions holds: (1, 1), (1, 2) and (2, 1)
    const either = {
      type: 'object',
      properties: { a: { enum: [1, 2] }, b: { enum: [1, 2] } },
      required: ['a', 'b'],
      additionalProperties: false,
      anyOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 1 } } }],
    };
    const three = (minItems: number) =>
      compileSchema({ type: 'array', uniqueItems: true, minItems, items: either });
    expect(() => three(3)).not.toThrow();
    expect(() => three(4)).toThrow('no text satisfies');
  });
});

describe('items that differ, of which as many must be there as there are', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`);
  it.each([23, 44, 180])('%s, beyond what doubles count', count => {
    const schema = (minItems: number) => ({
      type: 'array',
      uniqueItems: true,
      items: { enum: names(count) },
      contains: { enum: ['v0', 'v1'] },
      minItems,
    });
    expect(fits(schema(count), JSON.stringify(names(count)))).toBe(true);
    expect(() => compileSchema(schema(count + 1))).toThrow('no text satisfies');
  });

  it('of two kinds that share some', () => {
    const kind = (a: object, b: object) => ({
      type: 'object',
      properties: { a, b },
      additionalProperties: false,
    });
    const items = kind({ const: 1 }, { enum: [1, 2] });
    const other = kind({ enum: [1, 2] }, { const: 1 });
    const schema = { type: 'array', uniqueItems: true, prefixItems: [items, other], items, minItems: 7 };
    const all = '[{},{"a":2},{"b":1},{"b":2},{"a":1},{"a":1,"b":1},{"a":1,"b":2}]';
    expect(fits(schema, all)).toBe(true);
    expect(() => compileSchema({ ...schema, minItems: 8 })).toThrow('no text satisfies');
  });

  it('with a property that is asked for by its kind', () => {
    const items = {
      type: 'object',
      properties: { a: { enum: [1, 2] }, b: { enum: [1, 2] } },
      additionalProperties: false,
      maxProperties: 1,
      not: { propertyNames: { enum: ['a'] } },
    };
    const schema = { type: 'array', uniqueItems: true, items };
    expect(fits(schema, '[{"b":1},{"b":2}]')).toBe(true);
    expect(read(schema, '[{"b":1},{"b":2},')).toBe('[{"b":1},{"b":2},');
    expect(() => compileSchema({ ...schema, minItems: 3 })).toThrow('no text satisfies');
    // there are endless objects without one
    const single = { ...items, properties: { a: { type: 'string' }, b: { const: 1 } } };
    expect(read({ ...schema, items: single }, '[{"b":1},{')).toBe('[{"b":1},');
    // of endless names one has what is asked for twice
    const one = {
      type: 'object',
      patternProperties: { '^[xy]': { const: 1 } },
      additionalProperties: false,
      maxProperties: 1,
      allOf: [
        { not: { propertyNames: { pattern: '^y' } } },
        { not: { propertyNames: { pattern: '^x[^]' } } },
      ],
    };
    expect(read({ ...schema, items: one }, '[{"x":1},{')).toBe('[{"x":1},');
    // of two names, each is asked for
    const has = (name: string) => ({ not: { patternProperties: { [`^${name}`]: false } } });
    const both = {
      type: 'object',
      propertyNames: { pattern: '^[xy]$' },
      additionalProperties: { const: true },
      allOf: [has('x'), has('y')],
    };
    expect(() => compileSchema({ ...schema, items: both, minItems: 2 })).toThrow('no text satisfies');
    const two = { ...one, maxProperties: 2 };
    expect(
      fits({ ...schema, items: two, minItems: 4 }, '[{"x":1},{"xa":1,"y":1},{"xa":1,"ya":1},{"x":1,"xa":1}]'),
    ).toBe(true);
  });

  it('that hold one another', () => {
    const names = [...'abcdef'];
    const node = {
      type: 'object',
      properties: Object.fromEntries(names.map(name => [name, { $ref: `#/$defs/${name}` }])),
    };
    const $defs = Object.fromEntries(names.map(name => [name, { anyOf: [node, { type: 'string' }] }]));
    const list = { type: 'array', uniqueItems: true, minItems: 2, items: node, $defs };
    expect(fits(list, '[{"a":{"b":{}}},{"c":"x"},{}]')).toBe(true);
    const closed = { ...node, additionalProperties: false };
    for (const name of names) $defs[name] = { anyOf: [closed, { type: 'string' }] };
    expect(fits({ ...list, items: closed, $defs }, '[{"a":{"b":{}}},{"c":"x"},{}]')).toBe(true);
  });

  it('within others of them', () => {
    const tree = (values: readonly number[], minItems: number) => ({
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: {
            v: { enum: values },
            c: { type: 'array', uniqueItems: true, items: { $ref: '#/$defs/node' }, minItems },
          },
          required: ['v'],
          additionalProperties: false,
        },
      },
    });
    expect(read(tree([1], 2), '{"v":1,')).toBe('{"v":1,');
    expect(read(tree([1, 2], 3), '{"v":1,')).toBe('{"v":1,');
    expect(fits(tree([1, 2], 2), '{"v":1,"c":[{"v":1},{"v":2},{"v":1,"c":[{"v":2},{"v":1}]}]}')).toBe(true);
  });
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

  it('strings, with tokens that end one and go on', () => {
    const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    for (const letter of 'abcdefghijklmnopqrstuvwxyz')
      for (const behind of ['",', '","']) tokens.push(new TextEncoder().encode(letter + behind));
    const end = tokens.length;
    const vocabulary = createVocabulary({ bytesOf: id => tokens[id], size: end + 1, endIds: [end] });
    const grammar = compileSchema({ type: 'array', uniqueItems: true, items: { type: 'string' } });
    const matcher = createMatcher(grammar, vocabulary);
    const bits = new Uint32Array((end >> 5) + 1);
    const write = (text: string): boolean =>
      [...text].every(char => {
        matcher.mask(bits);
        const id = char.charCodeAt(0);
        return ((bits[id >> 5] >>> (id & 31)) & 1) === 1 && matcher.accept(id);
      });
    expect(write('["0"')).toBe(true);
    for (let i = 1; i < 400; i++) expect(write(`,"${i.toString(36)}"`), `${i}`).toBe(true);
    const again = (123).toString(36);
    expect(write(`,"${again}`)).toBe(true);
    expect(write('"')).toBe(false);
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
