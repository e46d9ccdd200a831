/** The end of answers that have run away: the same piece of text over and over. The limit is Ollama's. */
const MOST = 30;

/** Is told the pieces of an answer; true for the one that comes once too often. */
export function createRepeatGuard(): (piece: string) => boolean {
  let last = '';
  let repeats = 0;
  return piece => {
    if (piece === '') return false;
    const trimmed = piece.trim();
    repeats = trimmed === last ? repeats + 1 : 0;
    last = trimmed;
    return repeats > MOST;
  };
}
