/**
 * SentencePiece (`tokenizer.ggml.model` llama), as llama.cpp runs it: characters are joined to tokens, those of the highest score first,
 * and a character that is no token becomes its bytes, `<0x00>` to `<0xFF>`. A space is written U+2581.
 */
import { createMerger } from './merge.ts';
import { type Metadata, readNumbers, readSwitch } from './metadata.ts';
import type { Model } from './model.ts';
import { TokenType } from './token-type.ts';
import { readVocabulary, type Vocabulary } from './vocabulary.ts';
import { createWordCache } from './word-cache.ts';

const byteText = /^<0x([0-9A-Fa-f]{2})>$/;

export function createSentencePiece(metadata: Metadata): Model {
  const vocabulary = readVocabulary(metadata, { bos_token_id: 1, eos_token_id: 2, unknown_token_id: 0 });
  const { size } = vocabulary;
  const scores = readNumbers(metadata, 'scores', size) ?? new Float32Array(size);
  const utf8 = new TextEncoder();

  // made when the first text is encoded
  let encoder:
    | { readonly encodeWord: (word: string) => readonly number[]; readonly words: RegExp }
    | undefined;
  const createEncoder = () => {
    const ranks = rankByScore(scores);
    // characters of a word that are no tokens: they have numbers behind those of the tokens, since two may be one together
    let strangers: string[] = [];
    const textOf = (symbol: number) =>
      symbol < vocabulary.size ? vocabulary.text(symbol) : strangers[symbol - vocabulary.size];
    const merge = createMerger({
      find: (left, right) => vocabulary.find(textOf(left) + textOf(right)),
      rank: token => ranks[token],
      token: token => token,
    });
    const byteTokens = Array.from({ length: 256 }, (_, byte) => {
      const token = vocabulary.find(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
      return token >= 0 ? token : (vocabulary.unknown ?? -1);
    });
    const encodeWord = createWordCache(word => {
      strangers = [];
      const symbols = Int32Array.from(word, character => {
        const token = vocabulary.find(character);
        return token >= 0 ? token : vocabulary.size + strangers.push(character) - 1;
      });
      const merged = Array.from(symbols.subarray(0, merge(symbols, symbols.length)));
      return strangers.length === 0 ? merged : merged.flatMap(toBytes);
    });
    /** Bytes in the place of a character that is no token. */
    const toBytes = (symbol: number): number[] =>
      symbol < vocabulary.size
        ? [symbol]
        : Array.from(utf8.encode(textOf(symbol)), byte => byteTokens[byte]).filter(token => token >= 0);
    return { encodeWord, words: wordsThatNeverJoin(vocabulary) };
  };

  return {
    vocabulary,
    addBos: true,
    addSpacePrefix: readSwitch(metadata, 'add_space_prefix', true),
    encode(text, tokens) {
      encoder ??= createEncoder();
      for (const word of text.replaceAll(' ', '▁').match(encoder.words) ?? []) {
        for (const token of encoder.encodeWord(word)) tokens.push(token);
      }
    },
    bytesOf(token) {
      const text = vocabulary.text(token);
      if (vocabulary.types[token] === TokenType.byte) {
        const hex = byteText.exec(text);
        if (hex) return Uint8Array.of(Number.parseInt(hex[1], 16));
      }
      return utf8.encode(vocabulary.types[token] === TokenType.normal ? text.replaceAll('▁', ' ') : text);
    },
  };
}

/** Place of each token when the highest score comes first; equal scores have equal places. */
function rankByScore(scores: ArrayLike<number>): Int32Array {
  const order = Float64Array.from(scores).sort();
  const ranks = new Map<number, number>();
  for (const score of order.reverse()) if (!ranks.has(score)) ranks.set(score, ranks.size);
  return Int32Array.from(scores, score => ranks.get(score)!);
}

/** Where no token reaches over the start of a word, words can be encoded one by one; else the text is one word. */
function wordsThatNeverJoin(vocabulary: Vocabulary): RegExp {
  for (let token = 0; token < vocabulary.size; token++) {
    if (/[^▁]▁/.test(vocabulary.text(token))) return /^.+$/gs;
  }
  return /▁*[^▁]+|▁+/g;
}
