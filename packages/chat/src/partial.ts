/** How many characters at the end of `text` are a beginning of `mark`, so that the rest is not yet known; never all of `mark`. */
export function partialLength(text: string, mark: string): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length--) {
    if (mark.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
