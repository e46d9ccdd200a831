/** Bytes that are no sound GGUF file. The message names the field and the number; `offset` is where in the file it was found. */
export class GgufError extends Error {
  override readonly name = 'GgufError';
  /** Bytes from the start of the file, where one place is to blame. */
  readonly offset: number | undefined;
  constructor(message: string, offset?: number) {
    super(offset === undefined ? message : `${message} (at byte ${offset})`);
    this.offset = offset;
  }
}
