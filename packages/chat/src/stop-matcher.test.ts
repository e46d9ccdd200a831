import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createStopMatcher } from './index.ts';

/** What comes out of the pieces, and whether a stop sequence ended them. */
function run(stops: readonly string[], pieces: readonly string[]) {
  const matcher = createStopMatcher(stops);
  let text = '';
  for (const piece of pieces) {
    const step = matcher.push(piece);
    text += step.text;
    if (step.stopped) return { text, stopped: true };
  }
  return { text: text + matcher.end(), stopped: false };
}

test.each([
  [['END'], ['Hello E', 'ND and more'], { text: 'Hello ', stopped: true }],
  [['END'], ['HelloEN', 'd'], { text: 'HelloENd', stopped: false }],
  [['END'], ['HelloEN'], { text: 'HelloEN', stopped: false }],
  [['\n\n'], ['a\n', 'b\n', '\n', 'c'], { text: 'a\nb', stopped: true }],
  [['aab'], ['aa', 'a', 'b'], { text: 'a', stopped: true }],
  [['abcd', 'bc'], ['xabcd'], { text: 'xa', stopped: true }],
  [['bc', 'abc'], ['xabc'], { text: 'x', stopped: true }],
  [['a'], ['a'], { text: '', stopped: true }],
  [['🐶'], ['x\ud83d', '\udc36y'], { text: 'x', stopped: true }],
  [[], ['a', 'b'], { text: 'ab', stopped: false }],
  [['', 'z'], ['a'], { text: 'a', stopped: false }],
])('%j in %j', (stops, pieces, expected) => {
  expect(run(stops, pieces)).toEqual(expected);
});

test('only what may become a stop sequence is withheld, and no longer than needed', () => {
  const matcher = createStopMatcher(['</s>', 'User:']);
  expect(matcher.push('Hi U')).toEqual({ text: 'Hi ', stopped: false });
  expect(matcher.push('s <')).toEqual({ text: 'Us ', stopped: false });
  expect(matcher.push('/s')).toEqual({ text: '', stopped: false });
  expect(matcher.push('> x')).toEqual({ text: '', stopped: true });
  expect(matcher.push('more')).toEqual({ text: '', stopped: true });
  expect(matcher.end()).toBe('');
});

describe('any text, cut in any way', () => {
  const letters = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: max });
  const stops = fc.array(letters(4), { maxLength: 4 });
  const pieces = fc.array(letters(5), { maxLength: 12 });

  test('the cuts make no difference, and the sequence that is complete first wins', () => {
    fc.assert(
      fc.property(stops, pieces, (words, parts) => {
        const whole = parts.join('');
        const marks = words.filter(word => word);
        const ends = marks
          .filter(word => whole.includes(word))
          .map(word => whole.indexOf(word) + word.length);
        const end = Math.min(...ends);
        const longest = Math.max(
          ...marks.filter(word => whole.slice(0, end).endsWith(word)).map(word => word.length),
        );
        const expected =
          ends.length > 0
            ? { text: whole.slice(0, end - longest), stopped: true }
            : { text: whole, stopped: false };
        expect(run(words, parts)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('nothing comes out that may still become part of a stop sequence', () => {
    fc.assert(
      fc.property(stops, pieces, (words, parts) => {
        const matcher = createStopMatcher(words);
        let fed = '';
        let out = '';
        for (const part of parts) {
          const step = matcher.push(part);
          if (step.stopped) return;
          fed += part;
          out += step.text;
          const begun = words.flatMap(word =>
            Array.from(word, (_, i) => i).filter(length => fed.endsWith(word.slice(0, length))),
          );
          expect(out).toBe(fed.slice(0, fed.length - Math.max(0, ...begun)));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
