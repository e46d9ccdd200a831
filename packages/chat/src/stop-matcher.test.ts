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
  [['abcd', 'bc'], ['xabcd'], { text: 'x', stopped: true }],
  [['abcd', 'bc'], ['xab', 'c', 'd'], { text: 'xa', stopped: true }],
  [['bc', 'abc'], ['xabc'], { text: 'x', stopped: true }],
  [['a'], ['a'], { text: '', stopped: true }],
  [['🐶'], ['x\ud83d', '\udc36y'], { text: 'x', stopped: true }],
  [[], ['a', 'b'], { text: 'ab', stopped: false }],
  [['', 'z'], ['a'], { text: '', stopped: true }],
])('%j in %j', (stops, pieces, expected) => {
  expect(run(stops, pieces)).toEqual(expected);
});

test('a piece waits, as a whole, only where its end may begin a stop sequence', () => {
  const matcher = createStopMatcher(['</s>', 'User:']);
  expect(matcher.push('Hi U')).toEqual({ text: '', stopped: false });
  expect(matcher.push('s ')).toEqual({ text: 'Hi Us ', stopped: false });
  expect(matcher.push('b<')).toEqual({ text: '', stopped: false });
  expect(matcher.push('/s')).toEqual({ text: '', stopped: false });
  expect(matcher.push('> x')).toEqual({ text: 'b', stopped: true });
  expect(matcher.push('more')).toEqual({ text: '', stopped: true });
  expect(matcher.end()).toBe('');
});

describe('any text, cut in any way', () => {
  const letters = (max: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: max });
  const stops = fc.array(letters(4), { maxLength: 4 });
  const pieces = fc.array(letters(5), { maxLength: 12 });

  test('it ends with the piece that completes a sequence, before the first one in it', () => {
    fc.assert(
      fc.property(stops, pieces, (words, parts) => {
        const texts = parts.map((_, i) => parts.slice(0, i + 1).join(''));
        const last = texts.find(text => words.some(word => text.includes(word)));
        const starts = words.map(word => last?.indexOf(word) ?? -1).filter(start => start >= 0);
        const expected =
          last === undefined
            ? { text: parts.join(''), stopped: false }
            : { text: last.slice(0, Math.min(...starts)), stopped: true };
        expect(run(words, parts)).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test('nothing comes out that may still become part of a stop sequence, and nothing else waits', () => {
    fc.assert(
      fc.property(stops, pieces, (words, parts) => {
        const matcher = createStopMatcher(words);
        let fed = '';
        let out = '';
        for (const part of parts) {
          const step = matcher.push(part);
          if (step.stopped) return;
          fed += part;
          const before = out;
          out += step.text;
          const waits = words.some(word =>
            Array.from(word, (_, i) => i + 1).some(length => fed.endsWith(word.slice(0, length))),
          );
          expect(out).toBe(waits ? before : fed);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
