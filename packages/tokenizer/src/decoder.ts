/** Tokens to text, one at a time: a token may end in the middle of a character, which is held back until the rest of it comes. */
export interface StreamingDecoder {
  /** The whole characters that are known now; bytes that are no UTF-8 become U+FFFD, as in a TextDecoder. */
  push(token: number): string;
  /** What is left: U+FFFD where a character was cut short. */
  end(): string;
}

export function createDecoder(bytesOf: (token: number) => Uint8Array): StreamingDecoder {
  // U+FEFF at the start is text like any other
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return {
    push: token => utf8.decode(bytesOf(token), { stream: true }),
    end: () => utf8.decode(),
  };
}
