/** Small made vocabularies: what a file may say, and what is refused. */
import type { GgufValue } from '@tabllama/gguf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer, TokenizerError } from './index.ts';

type Changes = Readonly<Record<string, GgufValue | undefined>>;

/** Metadata with `tokenizer.ggml.` before every key; `undefined` takes a key away. */
const metadata = (base: Changes, changes: Changes = {}): ReadonlyMap<string, GgufValue> =>
  new Map(
    Object.entries({ ...base, ...changes }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.includes('.') ? name : `tokenizer.ggml.${name}`, value] as const],
    ),
  );

const bytePair = {
  model: 'gpt2',
  pre: 'gpt-2',
  tokens: ['a', 'b', 'Ġ', 'ab', 'Ġab', '<|im_end|>', '<tool>', '', 'ð', 'Ł', 'ĺ', 'Ģ', '<unused>'],
  token_type: Int32Array.of(1, 1, 1, 1, 1, 1, 4, 1, 1, 1, 1, 1, 5),
  merges: ['a b', 'Ġ ab'],
  eos_token_id: 5,
};
const sentencePiece = {
  model: 'llama',
  tokens: ['<unk>', '<s>', '</s>', '▁', 'a', 'b', '▁a', 'ab', '<0xC3>', '<0xA9>', '▁▁'],
  scores: Float32Array.of(0, 0, 0, -3, -4, -5, -1, -2, 0, 0, -9),
  token_type: Int32Array.of(2, 3, 3, 1, 1, 1, 1, 1, 6, 6, 1),
};
const make = (base: Changes, changes?: Changes) => createTokenizer(metadata(base, changes));

describe('byte-level byte-pair encoding', () => {
  const tokenizer = make(bytePair);
  it('joins the pair of the lowest rank first', () => {
    expect(tokenizer.encode('ab ab')).toEqual([3, 4]);
    expect(tokenizer.encode('ba')).toEqual([1, 0]);
  });
  it('always recognises user-defined tokens, and never unused ones', () => {
    expect(tokenizer.encode('a<tool>b')).toEqual([0, 6, 1]);
    expect(tokenizer.decode([12])).toBe('');
  });
  it('makes a control token of a text that ends answers, whatever its type says', () => {
    expect(tokenizer.encode('a<|im_end|>', { special: true })).toEqual([0, 5]);
    expect(tokenizer.isEndOfGeneration(5)).toBe(true);
    expect(tokenizer.decode([0, 5])).toBe('a');
  });
  it('gives an empty token a name', () => {
    expect(tokenizer.tokenText(7)).toBe('[EMPTY_7]');
  });
  it('holds half a character back until the rest comes, past hidden tokens', () => {
    const decoder = tokenizer.decoder();
    expect([8, 9, 5, 10, 11].map(token => decoder.push(token))).toEqual(['', '', '', '', '😀']);
    expect(decoder.end()).toBe('');
  });
  it('turns a character that stays half into U+FFFD', () => {
    const decoder = tokenizer.decoder();
    expect(decoder.push(8) + decoder.push(9) + decoder.push(0)).toBe('\ufffda');
    expect(decoder.push(8) + decoder.end()).toBe('\ufffd');
  });
  it('has no BOS where the file names none, and refuses to add it', () => {
    expect(tokenizer.bos).toBeUndefined();
    expect(() => make(bytePair, { add_bos_token: true })).toThrow(/bos_token_id is missing/);
  });
  it('refuses an id that is no token', () => {
    expect(() => tokenizer.decode([13])).toThrow(RangeError);
    expect(() => tokenizer.tokenText(-1)).toThrow(/token -1 /);
  });
  it('recognises the longer of two special tokens though the shorter begins further left', () => {
    const other = make({
      model: 'gpt2',
      tokens: ['<a', 'a>bc', '<', 'b', 'c'],
      token_type: [4, 4, 1, 1, 1],
      merges: [],
    });
    expect(other.encode('<a>bc')).toEqual([2, 1]);
  });
  it('keeps <|end|> inside of an answer of gpt-oss', () => {
    const tokens = ['<|end|>', '<|return|>', '<|call|>', '<|channel|>'];
    const harmony = make({ model: 'gpt2', tokens, token_type: [3, 3, 3, 3], merges: [] });
    expect([0, 1, 2, 3].map(harmony.isEndOfGeneration)).toEqual([false, true, true, false]);
    expect(harmony.decode([3, 0])).toBe('<|channel|><|end|>');
  });
});

describe('SentencePiece', () => {
  const tokenizer = make(sentencePiece);
  it('joins the pair of the highest score first, with a space before the text', () => {
    expect(tokenizer.encode('ab')).toEqual([6, 5]);
    expect(tokenizer.decode([6, 5])).toBe('ab');
    expect(make(sentencePiece, { add_space_prefix: false }).encode('ab')).toEqual([7]);
  });
  it('puts the space after a special token, too', () => {
    expect(tokenizer.encode('a</s>a', { special: true, addSpecial: true })).toEqual([1, 6, 2, 6]);
  });
  it('takes the first of two spaces as its own', () => {
    expect(tokenizer.encode(' a')).toEqual([3, 6]);
    expect(tokenizer.decode([3, 6])).toBe(' a');
    expect(tokenizer.decode([1, 3, 6], { special: true })).toBe('<s> a');
  });
  it('falls back to bytes, and to the unknown token where there is no byte', () => {
    expect(tokenizer.encode('é')).toEqual([3, 8, 9]);
    expect(tokenizer.decode([3, 8, 9])).toBe('é');
    expect(tokenizer.encode('a\u00e8b')).toEqual([6, 8, 0, 5]);
  });
  it('adds BOS unless the file says otherwise, EOS if it does', () => {
    expect(tokenizer.encode('', { addSpecial: true })).toEqual([1]);
    const other = make(sentencePiece, { add_bos_token: false, add_eos_token: true });
    expect(other.encode('a', { addSpecial: true })).toEqual([6, 2]);
  });
  it('joins the leftmost pair first among equal scores only', () => {
    const tokens = ['x', 'y', 'z', 'xy', 'yz', 'zz'];
    const encode = (...scores: number[]) =>
      make({
        model: 'llama',
        tokens,
        scores: Float32Array.of(-9, -9, -9, ...scores),
        add_space_prefix: false,
      }).encode('xyz');
    expect(encode(-1, -1, -1)).toEqual([3, 2]);
    expect(encode(-2, -1, -1)).toEqual([0, 4]);
  });
  it('merges over the start of a word where a token does', () => {
    const tokens = [...sentencePiece.tokens.slice(0, 10), 'a▁'];
    expect(make(sentencePiece, { tokens, scores: undefined, add_space_prefix: false }).encode('a b')).toEqual(
      [10, 5],
    );
  });
});

describe('metadata is refused', () => {
  const cases: readonly (readonly [string, Changes, Changes, string, RegExp])[] = [
    ['without a model', bytePair, { model: undefined }, 'model', /is missing/],
    ['of an unknown model', bytePair, { model: 't5' }, 'model', /is 't5': supported are gpt2, llama, bert/],
    ['with an unknown pre-tokenizer', bytePair, { pre: 'new' }, 'pre', /unknown pre-tokenizer: 'new'/],
    ['with a pre-tokenizer that is a number', bytePair, { pre: 3 }, 'pre', /unknown pre-tokenizer: '3'/],
    ['without tokens', bytePair, { tokens: undefined }, 'tokens', /is missing/],
    ['with no tokens', bytePair, { tokens: [], token_type: [] }, 'tokens', /is empty/],
    [
      'with tokens that are numbers',
      bytePair,
      { tokens: Int32Array.of(1) },
      'tokens',
      /not an array of strings/,
    ],
    ['without merges', bytePair, { merges: undefined }, 'merges', /is missing/],
    ['with merges that are one string', bytePair, { merges: 'a b' }, 'merges', /not an array of strings/],
    [
      'with too few types',
      bytePair,
      { token_type: Int32Array.of(1) },
      'token_type',
      /has 1 items for 13 tokens/,
    ],
    ['with types that are strings', bytePair, { token_type: ['1'] }, 'token_type', /not an array of numbers/],
    [
      'with too few scores',
      sentencePiece,
      { scores: Float32Array.of(1) },
      'scores',
      /has 1 items for 11 tokens/,
    ],
    [
      'with EOS outside',
      bytePair,
      { eos_token_id: 13 },
      'eos_token_id',
      /is 13, outside the vocabulary of 13/,
    ],
    ['with BOS as text', bytePair, { bos_token_id: '1' }, 'bos_token_id', /not an integer/],
    ['with half a token as EOT', bytePair, { eot_token_id: 0.5 }, 'eot_token_id', /not an integer/],
    ['with a switch that is a number', bytePair, { add_bos_token: 1 }, 'add_bos_token', /is not a bool/],
    [
      'with a prefix that is a number',
      sentencePiece,
      { add_space_prefix: 1 },
      'add_space_prefix',
      /is not a bool/,
    ],
  ];
  it.each(cases)('%s', (_, base, changes, field, message) => {
    expect(() => make(base, changes)).toThrow(TokenizerError);
    expect(() => make(base, changes)).toThrow(message);
    expect(() => make(base, changes)).toThrow(expect.objectContaining({ field: `tokenizer.ggml.${field}` }));
  });
  it('or works, whatever the vocabulary, the merges and the scores are', () => {
    const piece = fc.string({
      unit: fc.constantFrom('a', 'b', 'Ġ', '▁', ' ', '<s>', '<0xC3>', 'é'),
      maxLength: 3,
    });
    const tokens = fc.array(piece, { minLength: 3, maxLength: 20 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', 'é', '\ud800', '<s>'), maxLength: 30 });
    fc.assert(
      fc.property(tokens, fc.array(piece), fc.array(fc.float()), text, (list, merges, numbers, input) => {
        const scores = Float32Array.from(list, (_, at) => numbers[at] ?? 0);
        for (const model of ['gpt2', 'llama']) {
          const tokenizer = make({ model, tokens: list, merges, scores });
          const ids = tokenizer.encode(input, { special: true, addSpecial: true });
          expect(ids.every(id => Number.isInteger(id) && id >= 0 && id < list.length)).toBe(true);
          tokenizer.decode(ids);
        }
      }),
    );
  });
});
