import { expect, it } from 'vitest';
import { examples } from '../../test/examples.ts';
import { nameOf, spell, spellingOf } from '../characters.ts';

const many = Array.from({ length: 80 }, (_, i) => `v${i}`);

examples([
  ['json', ['{}', '{"a": [1, 2.5e3, "x\\n"], "b": null}'], ['1', '[1]']],
  [{ type: ['null', 'boolean'] }, ['null', 'true', 'false'], ['1', '"a"', '{}']],
  [
    { enum: ['a/b', 1, null, { x: [1] }] },
    ['"a/b"', '1', '1.0', 'null', '{"x": [1]}'],
    ['2', '{"x": [2]}', '{}'],
  ],
  [{ enum: ['v1', 'v1.0', 'v1b'] }, ['"v1"', '"v1.0"', '"v1b"'], ['"v1a"']],
  [{ enum: ['', 'a', 'aa', 'é', 'éa', 'aé"'] }, ['""', '"aa"', '"éa"', '"aé\\""'], ['"aé"', '"aaa"', '"ée"']],
  [{ enum: many, pattern: '7$' }, ['"v7"', '"v77"'], ['"v1"', '"v"', '"v8']],
  [
    { type: 'array', uniqueItems: true, items: { enum: many } },
    ['["v1", "v2"]', '["v7", "v77"]'],
    ['["v1", "v1"]', '["v80"'],
  ],
  [{ allOf: [{ enum: ['é', '"', 'b'] }, { enum: ['b', 'é', '\\'] }] }, ['"é"', '"b"'], ['"\\""', '"\\\\"']],
  [{ enum: ['é', '"', 'b'], not: { enum: ['b', 'é', '\\'] } }, ['"\\""'], ['"b"', '"é"']],
  [
    { anyOf: [{ enum: ['a', 'b'] }, { const: 'ab' }, { type: 'string', minLength: 3 }] },
    ['"ab"', '"abc"'],
    ['"bb"'],
  ],
  [{ not: { const: 'é' }, type: 'string' }, ['"e"', '"éé"'], ['"é"', '"\\u00e9"']],
]);

it('spells texts of any length in UTF-8', () => {
  for (const text of ['', 'a"\\\n', 'é😀'.repeat(40_000)]) {
    expect(Buffer.compare(spell(text), Buffer.from(JSON.stringify(text)))).toBe(0);
    expect(nameOf(spellingOf(text)) === text).toBe(true);
  }
});
