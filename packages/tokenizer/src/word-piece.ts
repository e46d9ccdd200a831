/**
 * WordPiece (`tokenizer.ggml.model` bert), as llama.cpp runs it: a text is made plain, cut into words and marks, and a word into the
 * longest tokens from left to right; one that cannot be cut whole is the unknown token. Tokens that begin a word begin with U+2581.
 * Unlike llama.cpp, which keeps the first letter of every syllable, Hangul is decomposed in full, as the models were trained.
 */
import { TokenizerError } from './error.ts';
import { type Metadata, readSwitch, readTokenId } from './metadata.ts';
import type { Model } from './model.ts';
import { TokenType } from './token-type.ts';
import { readVocabulary } from './vocabulary.ts';
import { createWordCache } from './word-cache.ts';

/** Ids of BERT's own vocabulary, where a file names none. */
const defaults = { bos_token_id: 101, unknown_token_id: 100, seperator_token_id: 102 };

const ignored = /[\0\uFFFD\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u;
/** Ideographs by the blocks that BERT's authors list, and punctuation: words of one character. */
const alone =
  /[\p{P}$+<=>^`|~\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/u;

export function createWordPiece(metadata: Metadata): Model {
  const vocabulary = readVocabulary(metadata, defaults);
  const { size, unknown } = vocabulary;
  const separator = readTokenId(metadata, 'seperator_token_id', size) ?? defaults.seperator_token_id;
  if (separator >= size) throw new TokenizerError('tokenizer.ggml.seperator_token_id', 'is missing');
  if (unknown === undefined) throw new TokenizerError('tokenizer.ggml.unknown_token_id', 'is missing');
  const lowercase = readSwitch(metadata, 'normalizer.lowercase', true);
  const stripAccents = readSwitch(metadata, 'normalizer.strip_accents', lowercase);
  const utf8 = new TextEncoder();

  // made when the first text is encoded
  let encodeWord: ((word: string) => readonly number[]) | undefined;
  const createEncodeWord = () => {
    let longest = 0;
    for (let token = 0; token < size; token++) longest = Math.max(longest, vocabulary.text(token).length);
    return createWordCache(word => {
      const text = `▁${word}`;
      const tokens: number[] = [];
      for (let at = 0; at < text.length; ) {
        let end = Math.min(text.length, at + longest);
        let token = -1;
        for (; end > at; end--) {
          token = vocabulary.find(text.slice(at, end));
          if (token >= 0) break;
        }
        if (token < 0) return [unknown];
        tokens.push(token);
        at = end;
      }
      return tokens;
    });
  };

  return {
    vocabulary: { ...vocabulary, eos: separator },
    addBos: true,
    framed: true,
    addSpacePrefix: false,
    encode(text, tokens) {
      encodeWord ??= createEncodeWord();
      for (const word of wordsOf(text, lowercase, stripAccents)) {
        for (const token of encodeWord(word)) tokens.push(token);
      }
    },
    bytesOf(token) {
      const text = vocabulary.text(token);
      return utf8.encode(vocabulary.types[token] === TokenType.normal ? text.replace('▁', ' ') : text);
    },
  };
}

/** Words of a text in plain letters, marks by themselves. */
function* wordsOf(text: string, lowercase: boolean, stripAccents: boolean): Generator<string> {
  let word = '';
  for (const char of stripAccents ? text.normalize('NFD') : text) {
    const isSpace = /\p{White_Space}/u.test(char);
    if (!isSpace && (ignored.test(char) || (stripAccents && /\p{M}/u.test(char)))) continue;
    const plain = lowercase ? char.toLowerCase() : char;
    const standsAlone = alone.test(char);
    if (!isSpace && !standsAlone) {
      word += plain;
      continue;
    }
    if (word) yield word;
    word = '';
    if (standsAlone) yield plain;
  }
  if (word) yield word;
}
