/** Calls of tools as formats write them: rows of texts and values, JSON or in another spelling, to token masks. */
export { createRows, type RowMatcher, type RowOptions } from './rows.ts';
export type { Bare, Quotes, Row, Spelling, Texts } from './spelling.ts';
