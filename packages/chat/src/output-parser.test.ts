import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOutputParser, opensThinking } from './index.ts';

type Options = Parameters<typeof createOutputParser>[0];

function run(options: Options, pieces: readonly string[]) {
  const parser = createOutputParser(options);
  const parts = [...pieces.map(piece => parser.push(piece)), parser.end()];
  return {
    thinking: parts.map(part => part.thinking ?? '').join(''),
    content: parts.map(part => part.content ?? '').join(''),
  };
}

test.each<[string, Options, string, { thinking: string; content: string }]>([
  [
    'a block at the start',
    { thinking: true },
    '<think>\nhm \n</think>\n\nYes. ',
    { thinking: 'hm \n', content: 'Yes. ' },
  ],
  ['blanks before it', { thinking: true }, ' \n<think>hm</think>Yes', { thinking: 'hm', content: 'Yes' }],
  ['an empty block', { thinking: true }, '<think>\n\n</think>\n\nYes', { thinking: '', content: 'Yes' }],
  [
    'no block',
    { thinking: true },
    ' Yes <think>no</think>',
    { thinking: '', content: ' Yes <think>no</think>' },
  ],
  [
    'only the first block',
    { thinking: true },
    '<think>a</think><think>b</think>',
    { thinking: 'a', content: '<think>b</think>' },
  ],
  ['a block without end', { thinking: true }, '<think>a </thin', { thinking: 'a </thin', content: '' }],
  ['a part of a tag', { thinking: true }, ' <thi', { thinking: '', content: ' <thi' }],
  ['nothing but blanks', { thinking: true }, ' \n', { thinking: '', content: ' \n' }],
  [
    'a block that the prompt opened',
    { thinking: true, opened: true },
    '\nhm</think>\nYes',
    { thinking: 'hm', content: 'Yes' },
  ],
  [
    'a < in the thinking',
    { thinking: true, opened: true },
    '1 < 2 </ </think>x',
    { thinking: '1 < 2 </ ', content: 'x' },
  ],
  [
    'thinking not asked for',
    { thinking: false },
    '<think>a</think>b',
    { thinking: '', content: '<think>a</think>b' },
  ],
])('%s', (_, options, text, expected) => {
  expect(run(options, [text])).toEqual(expected);
  expect(run(options, [...text])).toEqual(expected);
});

test('text is let out as soon as it is certain', () => {
  const parser = createOutputParser({ thinking: true });
  expect(parser.push('<thi')).toEqual({});
  expect(parser.push('nk>\n')).toEqual({});
  expect(parser.push('one ')).toEqual({ thinking: 'one ' });
  expect(parser.push('two<')).toEqual({ thinking: 'two' });
  expect(parser.push('/think')).toEqual({});
  expect(parser.push('>\n')).toEqual({});
  expect(parser.push('three <')).toEqual({ content: 'three <' });
  expect(parser.end()).toEqual({});
});

test('a prompt that ends in an open tag', () => {
  expect(opensThinking('<|im_start|>assistant\n<think>\n')).toBe(true);
  expect(opensThinking('<|im_start|>assistant\n<think>\n\n</think>\n\n')).toBe(false);
  expect(opensThinking('<|im_start|>assistant\n')).toBe(false);
});

describe('any text, cut in any way', () => {
  const unit = fc.constantFrom('<think>', '</think>', '<', '/', 'think', '>', ' ', '\n', 'a', '🐶');
  const options = fc.record({ thinking: fc.boolean(), opened: fc.boolean() });
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
function expectedLetters({ thinking, opened }: Options, text: string): string {
  const letters = (part: string) => part.replace(/\s/g, '');
  if (!thinking) return letters(text);
  const begun = opened ? text : /^\s*<think>(.*)$/s.exec(text)?.[1];
  return letters(begun === undefined ? text : begun.replace('</think>', ''));
}
