import * as grammar from '@tabllama/grammar';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, tokens, vocabularyWith } from '../../grammar/test/vocabularies.ts';
import { vocabularyFromBytes, vocabularyToBytes } from './vocabulary-bytes.ts';

/** What can be seen of it. */
function content({ size, endIds, tokens, sorted, trie, twin, strings }: grammar.Vocabulary): unknown {
  return { size, endIds, tokens, sorted, trie, twin, strings: strings(trie, 0, trie.byte.length) };
}

describe('bytes of a vocabulary', () => {
  it('give the same vocabulary back', () => {
    fc.assert(
      fc.property(tokens, list => {
        const vocabulary = vocabularyWith(list);
        expect(content(vocabularyFromBytes(grammar, vocabularyToBytes(vocabulary), vocabulary))).toEqual(
          content(vocabulary),
        );
      }),
    );
  });

  it('are refused, or mean what they say, when they were changed', () => {
    fc.assert(
      fc.property(tokens, fc.nat(), fc.nat(255), fc.boolean(), (list, where, value, cut) => {
        const vocabulary = vocabularyWith(list);
        const data = vocabularyToBytes(vocabulary);
        const at = where % data.length;
        const changed = cut ? data.slice(0, at) : data.with(at, value);
        let read: grammar.Vocabulary;
        try {
          read = vocabularyFromBytes(grammar, changed, vocabulary);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(vocabularyToBytes(read)).toEqual(changed);
      }),
      { numRuns: 500 },
    );
  });

  it('are refused where they are of other tokens, or of others that end the text', () => {
    const vocabulary = vocabularyWith(['a', 'b'].map(encode));
    const { size } = vocabulary;
    const data = vocabularyToBytes(vocabulary);
    for (const other of [
      { size: size + 1, endIds: [size] },
      { size: size - 1, endIds: [] },
      { size, endIds: [0] },
      { size, endIds: [size] },
    ]) {
      expect(() => vocabularyFromBytes(grammar, data, other)).toThrow(RangeError);
    }
    expect(() => vocabularyFromBytes(grammar, new Uint8Array(0), vocabulary)).toThrow(RangeError);
  });
});
