/** The vocabulary of a tokenizer as the masks of structured outputs need it, made once for a model and kept beside it. */
import type { Derived } from '@tabllama/api';
import type * as Grammar from '@tabllama/grammar';
import type { Tokenizer } from '@tabllama/tokenizer';
import { vocabularyFromBytes, vocabularyToBytes } from './vocabulary-bytes.ts';

/** The package that makes masks, which is loaded with the first answer that is bound. */
export type GrammarModule = typeof Grammar;

/** What masks of a model are made of. */
export interface ModelTokens {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Grammar.Vocabulary;
  readonly grammar: GrammarModule;
}

/** Another one whenever a tokenizer reads the same file in another way. */
const FORM = 'vocabulary 1';

/**
 * Takes some tenths of a second for a large vocabulary, and about half of that where it is kept.
 * @param digest of the weights that the tokenizer is of
 */
export async function openTokens(
  tokenizer: Tokenizer,
  digest: string,
  derived: Derived | undefined,
): Promise<ModelTokens> {
  const grammar = await import('@tabllama/grammar');
  return { tokenizer, grammar, vocabulary: await openVocabulary(grammar, tokenizer, digest, derived) };
}

async function openVocabulary(
  grammar: GrammarModule,
  tokenizer: Tokenizer,
  digest: string,
  derived: Derived | undefined,
): Promise<Grammar.Vocabulary> {
  const { vocabSize: size, isText, bytesOf } = tokenizer;
  const ids = Array.from({ length: size }, (_, id) => id);
  const endIds = ids.filter(tokenizer.isEndOfGeneration);
  try {
    const bytes = await derived?.get(digest, FORM);
    const kept = bytes && vocabularyFromBytes(grammar, bytes, { size, endIds });
    if (kept?.sorted.every(id => isText(id))) return kept;
  } catch {
    // whatever is wrong with it, it can be made anew
  }
  const vocabulary = grammar.createVocabulary({
    size,
    bytesOf: token => (isText(token) ? bytesOf(token) : undefined),
    endIds,
  });
  derived?.put(digest, FORM, vocabularyToBytes(vocabulary)).catch(() => {}); // not kept, it is made again
  return vocabulary;
}

/** Whether a token begins with these bytes and goes on. */
export function startsToken({ trie: { byte, end } }: Grammar.Vocabulary, bytes: Uint8Array): boolean {
  let from = 0;
  let to = byte.length;
  for (const wanted of bytes) {
    let node = from;
    while (node < to && byte[node] !== wanted) node = end[node];
    if (node >= to) return false;
    from = node + 1;
    to = end[node];
  }
  return from < to;
}
