/**
 * JSON Schema to token masks. A schema becomes a Boolean formula (`schema.ts`, `keywords/`), a formula the shapes that a value may
 * have (`shapes.ts`), scalars among them automata over bytes (`terms.ts`); `plans.ts` says which objects and arrays can still be
 * completed, `states.ts` where a text stands, `masks.ts` which tokens of a vocabulary may follow. Every assertion of a schema is
 * enforced, or the schema is refused. It knows nothing of models: it is given the bytes of every token.
 */

// what other texts than JSON are read with, which hold JSON
export { beginning } from './beginning.ts';
export { createCharacters, nameOf } from './characters.ts';
export { compileSchema, type Grammar, type GrammarOptions } from './compile.ts';
export { GrammarError, type GrammarErrorCode } from './error.ts';
export type { Mask } from './masks.ts';
export { createMatcher, limited, type Matcher, maskAt } from './matcher.ts';
export { patternTerm } from './patterns.ts';
export type { State } from './states.ts';
export type { Term } from './term.ts';
export type { Text } from './threads.ts';
export { buildTrie, MAX_TOKEN_BYTES, orderOf, type Trie } from './trie.ts';
export { createVocabulary, type Vocabulary, type VocabularySource, vocabularyOf } from './vocabulary.ts';
