/**
 * JSON Schema to token masks. A schema becomes a Boolean formula (`schema.ts`, `keywords/`), a formula the shapes that a value may
 * have (`shapes.ts`), scalars among them automata over bytes (`terms.ts`); `plans.ts` says which objects and arrays can still be
 * completed, `states.ts` where a text stands, `masks.ts` which tokens of a vocabulary may follow. Every assertion of a schema is
 * enforced, or the schema is refused. It knows nothing of models: it is given the bytes of every token.
 */
export { compileSchema, type Grammar, type GrammarOptions } from './compile.ts';
export { GrammarError, type GrammarErrorCode } from './error.ts';
export { createMatcher, type Matcher } from './matcher.ts';
export { createRows, type RowMatcher, type RowOptions } from './rows.ts';
export type { Bare, Quotes, Row, Spelling, Texts } from './spelling.ts';
export {
  createVocabulary,
  startsToken,
  type Vocabulary,
  type VocabularySource,
} from './vocabulary.ts';
export { vocabularyFromBytes, vocabularyToBytes } from './vocabulary-bytes.ts';
