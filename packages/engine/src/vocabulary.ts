/** The vocabulary of a tokenizer as the masks of structured outputs need it. */
import { createVocabulary, type Vocabulary } from '@tabllama/grammar';
import type { Tokenizer } from '@tabllama/tokenizer';

/** Takes some tenths of a second for a large vocabulary. */
export function vocabularyOf(tokenizer: Tokenizer): Vocabulary {
  const { vocabSize: size, isText, bytesOf } = tokenizer;
  const ids = Array.from({ length: size }, (_, id) => id);
  return createVocabulary({
    size,
    bytesOf: token => (isText(token) ? bytesOf(token) : undefined),
    endIds: ids.filter(tokenizer.isEndOfGeneration),
  });
}
