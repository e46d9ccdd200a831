/** What a kind of tokenizer (`tokenizer.ggml.model`) is to the rest: text to tokens, and a token to its bytes. */
import type { Vocabulary } from './vocabulary.ts';

export interface Model {
  readonly vocabulary: Vocabulary;
  /** BOS is put before a text where the file does not say. */
  readonly addBos: boolean;
  /** BOS and EOS are put around every text, whatever the file says. */
  readonly framed?: true;
  /** A space is put before a text that begins or follows a special token. */
  readonly addSpacePrefix: boolean;
  /** Appends the tokens of a well-formed text in which no special token is looked for. */
  encode(text: string, tokens: number[]): void;
  /** Bytes of a token's text, control tokens included. Throws RangeError for an id that is none. */
  bytesOf(token: number): Uint8Array;
}
