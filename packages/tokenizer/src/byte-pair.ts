/**
 * Byte-level byte-pair encoding (`tokenizer.ggml.model` gpt2), as GPT-2 has it: every byte of UTF-8 is one letter of an alphabet of 256
 * printable characters, text is cut into words, and in a word the pair that stands first in `tokenizer.ggml.merges` is joined first.
 */
import { TokenizerError } from './error.ts';
import { createMerger, type Merges } from './merge.ts';
import { type Metadata, readStrings } from './metadata.ts';
import type { Model } from './model.ts';
import { preTokenizers, splitWords } from './pre-tokenizers.ts';
import { TokenType } from './token-type.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';
import { createWordCache } from './word-cache.ts';

/** The letter of each byte: a printable byte is itself, the others follow one another from U+0100 on. */
const letters: readonly string[] = listLetters();
const byteOfLetter: ReadonlyMap<string, number> = new Map(letters.map((letter, byte) => [letter, byte]));

function listLetters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
}

/** @throws TokenizerError for an unknown `tokenizer.ggml.pre`, as llama.cpp refuses it; a missing one is `default` */
export function createBytePair(metadata: Metadata): Model {
  const pre = metadata.get('tokenizer.ggml.pre') ?? 'default';
  const preTokenizer = typeof pre === 'string' ? preTokenizers.get(pre) : undefined;
  if (!preTokenizer) throw new TokenizerError('tokenizer.ggml.pre', `is an unknown pre-tokenizer: '${pre}'`);
  const vocabulary = readVocabulary(metadata, {});
  const mergeTexts = readStrings(metadata, 'merges');
  const utf8 = new TextEncoder();

  // made when the first text is encoded
  let encodeWord: ((word: string) => readonly number[]) | undefined;
  const createEncodeWord = () => {
    const letterTokens = letters.map(letter => vocabulary.find(letter));
    const merge = createMerger(readMerges(mergeTexts, vocabulary));
    return createWordCache(word => {
      const bytes = utf8.encode(word);
      if (preTokenizer.wholeWords) {
        let text = '';
        for (const byte of bytes) text += letters[byte];
        const whole = vocabulary.find(text);
        if (whole >= 0) return [whole];
      }
      const symbols = Int32Array.from(bytes, byte => letterTokens[byte]);
      const count = merge(symbols, symbols.length);
      // a byte that the vocabulary has no letter for is left out, as in llama.cpp
      return Array.from(symbols.subarray(0, count)).filter(token => token >= 0);
    });
  };

  return {
    vocabulary,
    addBos: preTokenizer.addBos ?? false,
    addSpacePrefix: false,
    encode(text, tokens) {
      encodeWord ??= createEncodeWord();
      const encode = encodeWord;
      splitWords(text, preTokenizer.words, word => {
        for (const token of encode(word)) tokens.push(token);
      });
    },
    bytesOf(token) {
      const text = vocabulary.text(token);
      if (vocabulary.types[token] !== TokenType.normal) return utf8.encode(text);
      const bytes: number[] = [];
      for (const letter of text) {
        const byte = byteOfLetter.get(letter);
        if (byte !== undefined) bytes.push(byte);
        else bytes.push(...utf8.encode(letter));
      }
      return Uint8Array.from(bytes);
    },
  };
}

/** Merges by rank, in a hash table of open addressing: typed arrays, for there may be 300,000. */
function readMerges(texts: readonly string[], vocabulary: Vocabulary): Merges {
  const lefts = new Int32Array(texts.length);
  const rights = new Int32Array(texts.length);
  const made = new Int32Array(texts.length);
  const mask = 2 ** (33 - Math.clz32(texts.length)) - 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  /** Where the pair is, or where it would go. */
  const slotOf = (left: number, right: number): number => {
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & mask;
    while (slots[slot] >= 0 && (lefts[slots[slot]] !== left || rights[slots[slot]] !== right)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  for (let rank = 0; rank < texts.length; rank++) {
    const text = texts[rank];
    const space = text.indexOf(' ', 1);
    if (space < 0) continue;
    const first = text.slice(0, space);
    const second = text.slice(space + 1);
    const left = vocabulary.find(first);
    const right = vocabulary.find(second);
    const token = vocabulary.find(first + second);
    if (left < 0 || right < 0 || token < 0) continue;
    const slot = slotOf(left, right);
    if (slots[slot] >= 0) continue;
    lefts[rank] = left;
    rights[rank] = right;
    made[rank] = token;
    slots[slot] = rank;
  }
  return {
    find: (left, right) => slots[slotOf(left, right)],
    rank: merge => merge,
    token: merge => made[merge],
  };
}
