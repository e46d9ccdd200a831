/** Vocabularies of a few tokens. */
import fc from 'fast-check';
import { createVocabulary, type Vocabulary } from '../src/index.ts';

const bytes = fc.uint8Array({ maxLength: 6 });
/** Tokens by their bytes; absent are those that never stand inside a text. */
export const tokens = fc.array(
  fc.option(fc.oneof(bytes, fc.constantFrom('"', 'a', 'aé', '",').map(encode)), { nil: undefined }),
  { minLength: 1, maxLength: 40 },
);

export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Of these tokens, and one more that ends the text. */
export function vocabularyWith(list: readonly (Uint8Array | undefined)[]): Vocabulary {
  return createVocabulary({ bytesOf: id => list[id], size: list.length + 1, endIds: [list.length] });
}
