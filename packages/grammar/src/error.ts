export type GrammarErrorCode =
  /** A keyword (or a value of one) that cannot be enforced. */
  | 'unsupported'
  /** A schema that is not a JSON Schema: a keyword with a value of the wrong type, a reference to nowhere. */
  | 'invalid'
  /** A schema that no text can satisfy. */
  | 'unsatisfiable'
  /** A schema whose automata or alternatives pass the limits. */
  | 'too-complex';

/** A schema is refused: `pointer` is the place in it (JSON pointer), `keyword` what stands there. */
export class GrammarError extends Error {
  override name = 'GrammarError';
  readonly code: GrammarErrorCode;
  readonly pointer: string;
  readonly keyword: string;

  constructor(code: GrammarErrorCode, pointer: string, keyword: string, reason: string) {
    super(`${reason} (at "${pointer || '/'}", keyword "${keyword}")`);
    this.code = code;
    this.pointer = pointer;
    this.keyword = keyword;
  }
}

/** A limit was passed where the place in the schema is not known; the compiler and the matcher add what they know. */
export class LimitError extends Error {
  override name = 'LimitError';
}
