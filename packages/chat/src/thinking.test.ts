import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createThinkingParser } from './thinking.ts';

const tags = { open: '<think>', close: '</think>' };

function run(opened: boolean, pieces: readonly string[]) {
  const parser = createThinkingParser(tags, opened);
  const parts = pieces.map(piece => parser.push(piece));
  return {
    thinking: parts.map(part => part.thinking).join(''),
    content: parts.map(part => part.content).join(''),
  };
}

test.each<[string, boolean, string, { thinking: string; content: string }]>([
  ['a block at the start', false, '<think>\nhm \n</think>\n\nYes. ', { thinking: 'hm \n', content: 'Yes. ' }],
  ['blanks before it', false, ' \n<think>hm</think>Yes', { thinking: 'hm', content: 'Yes' }],
  ['an empty block', false, '<think>\n\n</think>\n\nYes', { thinking: '', content: 'Yes' }],
  ['no block', false, ' Yes <think>no</think>', { thinking: '', content: ' Yes <think>no</think>' }],
  [
    'only the first block',
    false,
    '<think>a</think><think>b</think>',
    { thinking: 'a', content: '<think>b</think>' },
  ],
  ['a part of a tag at the end', false, '<think>a </thin', { thinking: 'a ', content: '' }],
  ['a part of a tag', false, ' <thi', { thinking: '', content: '' }],
  ['nothing but blanks', false, ' \n', { thinking: '', content: '' }],
  ['a block that the prompt opened', true, '\nhm</think>\nYes', { thinking: 'hm', content: 'Yes' }],
  ['a < in the thinking', true, '1 < 2 </ </think>x', { thinking: '1 < 2 </ ', content: 'x' }],
])('%s', (_, opened, text, expected) => {
  expect(run(opened, [text])).toEqual(expected);
  expect(run(opened, [...text])).toEqual(expected);
});

test('text is let out as soon as it is certain', () => {
  const parser = createThinkingParser(tags, false);
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
});

describe('any text, cut in any way', () => {
  const unit = fc.constantFrom('<think>', '</think>', '<', '/', 'think', '>', ' ', '\n', 'a', '🐶');
  const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 12 });

  test('is separated in the same way, and no tag gets into the thinking', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.string({ unit, maxLength: 14 }), cuts, (opened, text, places) => {
        const sorted = [0, ...places.filter(place => place < text.length).sort((a, b) => a - b), text.length];
        const pieces = sorted.slice(1).map((place, i) => text.slice(sorted[i], place));
        const whole = run(opened, [text, 'z']); // so that nothing is withheld
        expect(run(opened, [...pieces, 'z'])).toEqual(whole);
        expect(whole.thinking).not.toContain('</think>');
        // Nothing is lost but the two tags and the blanks around them.
        expect((whole.thinking + whole.content).replace(/\s/g, '')).toBe(expectedLetters(opened, `${text}z`));
      }),
      { numRuns: 5000 },
    );
  });
});

/** All of `text` but blanks and the tags of a thinking block, by a rule over the whole text. */
function expectedLetters(opened: boolean, text: string): string {
  const letters = (part: string) => part.replace(/\s/g, '');
  const begun = opened ? text : /^\s*<think>(.*)$/s.exec(text)?.[1];
  return letters(begun === undefined ? text : begun.replace('</think>', ''));
}
