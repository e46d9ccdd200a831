import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createThinkingParser } from './thinking.ts';

const tags = { open: '<think>', close: '</think>' };
type Options = Parameters<typeof createThinkingParser>[1];

function run(options: Options, pieces: readonly string[]) {
  const parser = createThinkingParser(tags, options);
  const parts = [...pieces.map(piece => parser.push(piece)), parser.end()];
  return {
    thinking: parts.map(part => part.thinking).join(''),
    content: parts.map(part => part.content).join(''),
  };
}

test.each<[string, Options, string, { thinking: string; content: string }]>([
  [
    'a block at the start',
    { opened: false },
    '<think>\nhm \n</think>\n\nYes. ',
    { thinking: 'hm \n', content: 'Yes. ' },
  ],
  ['blanks before it', { opened: false }, ' \n<think>hm</think>Yes', { thinking: 'hm', content: 'Yes' }],
  ['an empty block', { opened: false }, '<think>\n\n</think>\n\nYes', { thinking: '', content: 'Yes' }],
  [
    'no block',
    { opened: false },
    ' Yes <think>no</think>',
    { thinking: '', content: ' Yes <think>no</think>' },
  ],
  [
    'only the first block',
    { opened: false },
    '<think>a</think><think>b</think>',
    { thinking: 'a', content: '<think>b</think>' },
  ],
  ['a block without end', { opened: false }, '<think>a </thin', { thinking: 'a </thin', content: '' }],
  ['a part of a tag', { opened: false }, ' <thi', { thinking: '', content: ' <thi' }],
  ['nothing but blanks', { opened: false }, ' \n', { thinking: '', content: ' \n' }],
  [
    'a block that the prompt opened',
    { opened: true },
    '\nhm</think>\nYes',
    { thinking: 'hm', content: 'Yes' },
  ],
  ['a < in the thinking', { opened: true }, '1 < 2 </ </think>x', { thinking: '1 < 2 </ ', content: 'x' }],
  [
    'blanks after it that are kept',
    { opened: false, keepsBlanks: true },
    '<think>a</think>\n\nb',
    { thinking: 'a', content: '\n\nb' },
  ],
])('%s', (_, options, text, expected) => {
  expect(run(options, [text])).toEqual(expected);
  expect(run(options, [...text])).toEqual(expected);
});

test('text is let out as soon as it is certain', () => {
  const parser = createThinkingParser(tags, { opened: false });
  const push = (piece: string) => {
    const { thinking, content } = parser.push(piece);
    return `${thinking}|${content}|${parser.inContent}`;
  };
  expect(push('<thi')).toBe('||false');
  expect(push('nk>\n')).toBe('||false');
  expect(push('one ')).toBe('one ||false');
  expect(push('two<')).toBe('two||false');
  expect(push('/think')).toBe('||false');
  expect(push('>\n')).toBe('||true');
  expect(push('three <')).toBe('|three <|true');
  expect(parser.end()).toEqual({ thinking: '', content: '' });
});

describe('any text, cut in any way', () => {
  const unit = fc.constantFrom('<think>', '</think>', '<', '/', 'think', '>', ' ', '\n', 'a', '🐶');
  const options = fc.record({ opened: fc.boolean(), keepsBlanks: fc.boolean() });
  const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 12 });

  test('is separated in the same way, and no tag gets into the thinking', () => {
    fc.assert(
      fc.property(options, fc.string({ unit, maxLength: 14 }), cuts, (option, text, places) => {
        const sorted = [0, ...places.filter(place => place < text.length).sort((a, b) => a - b), text.length];
        const pieces = sorted.slice(1).map((place, i) => text.slice(sorted[i], place));
        const whole = run(option, [text]);
        expect(run(option, pieces)).toEqual(whole);
        expect(whole.thinking).not.toContain('</think>');
        // Nothing is lost but the two tags and the blanks around them.
        expect((whole.thinking + whole.content).replace(/\s/g, '')).toBe(expectedLetters(option, text));
      }),
      { numRuns: 5000 },
    );
  });
});

/** All of `text` but blanks and the tags of a thinking block, by a rule over the whole text. */
function expectedLetters({ opened }: Options, text: string): string {
  const letters = (part: string) => part.replace(/\s/g, '');
  const begun = opened ? text : /^\s*<think>(.*)$/s.exec(text)?.[1];
  return letters(begun === undefined ? text : begun.replace('</think>', ''));
}
