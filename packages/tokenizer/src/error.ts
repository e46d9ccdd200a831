/** A vocabulary that cannot be used. `field` is the metadata key that is to blame, and the message names it. */
export class TokenizerError extends Error {
  override readonly name = 'TokenizerError';
  readonly field: string;
  constructor(field: string, problem: string) {
    super(`${field} ${problem}`);
    this.field = field;
  }
}
