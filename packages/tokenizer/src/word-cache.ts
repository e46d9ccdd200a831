/** Remembers the tokens of short words, for words repeat. It is emptied when full, so that it stays a few megabytes. */
const WORDS = 16_384;
const LENGTH = 32; // UTF-16 units

export function createWordCache(
  encode: (word: string) => readonly number[],
): (word: string) => readonly number[] {
  const cache = new Map<string, readonly number[]>();
  return word => {
    if (word.length > LENGTH) return encode(word);
    let tokens = cache.get(word);
    if (!tokens) {
      tokens = encode(word);
      if (cache.size >= WORDS) cache.clear();
      cache.set(word, tokens);
    }
    return tokens;
  };
}
