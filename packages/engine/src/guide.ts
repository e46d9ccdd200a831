/**
 * What a format lets an answer say, token by token: which tokens may come next, which must, and when all is said. Where the format
 * holds for a part of the answer only, its text is watched until that part begins.
 */
import { StatusError } from '@tabllama/api';
import { type Matcher, startsToken, type Vocabulary } from '@tabllama/grammar';
import type { Mask } from '@tabllama/kernels';
import type { Tokenizer } from '@tabllama/tokenizer';

export interface Guide {
  /** Whether the format holds by now. */
  readonly isOn: boolean;
  /** Whether all is said: nothing may follow. */
  readonly isComplete: boolean;
  /**
   * Looks at a token that was chosen freely. Where the format begins with it, it is not to be used: returns the tokens in its place,
   * which are those of the text in it that comes before.
   */
  instead(token: number): readonly number[] | undefined;
  /** The tokens that may come next. There is no mask where all is said, or where `forced` has tokens. */
  readonly mask: Mask;
  /** The tokens that follow whatever is chosen; they count as taken. */
  forced(): readonly number[];
}

export interface GuideOptions {
  readonly tokenizer: Tokenizer;
  readonly vocabulary: Vocabulary;
  readonly matcher: Matcher;
  /** See `findContent`; absent: the format holds from the first token on. */
  readonly begins?: (piece?: string) => number | undefined;
  /** Texts of control tokens that are to be seen. */
  readonly marks?: readonly string[];
}

/** A word may be one token with what comes after it; so many tokens at the end of forced text are left to be chosen. */
const MOST_OPEN = 4;

export function createGuide(options: GuideOptions): Guide {
  const { tokenizer, vocabulary, matcher, begins, marks } = options;
  const decoder = tokenizer.decoder({ special: marks });
  const bits = new Uint32Array(Math.ceil(vocabulary.size / 32));
  const ends = new Uint32Array(bits.length);
  for (const id of vocabulary.endIds) ends[id >> 5] |= 1 << (id & 31);
  let isOn = begins === undefined;
  let isComplete = false;
  let waiting: number[] = [];

  /** Tokens of the bytes that must follow, but for the last, which might be spelt otherwise once it is known what comes after them. */
  const findForced = (): number[] => {
    const bytes = Uint8Array.from(matcher.forced());
    if (bytes.length < 2) return [];
    // half a character at the end is left out
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes, { stream: true });
    const tokens = tokenizer.encode(text, { continues: true });
    let sure = tokens.length;
    let start = tokens.reduce((sum, token) => sum + tokenizer.bytesOf(token).length, 0);
    for (let i = tokens.length - 1; i >= 0 && i >= tokens.length - MOST_OPEN; i--) {
      start -= tokenizer.bytesOf(tokens[i]).length;
      if (startsToken(vocabulary, bytes.subarray(start))) sure = i;
    }
    return tokens.slice(0, sure);
  };

  return {
    get isOn() {
      return isOn;
    },
    get isComplete() {
      return isComplete;
    },
    instead(token) {
      const text = tokenizer.isEndOfGeneration(token) ? undefined : decoder.push(token);
      const before = begins?.(text);
      if (before === undefined) return undefined;
      isOn = true;
      return text ? tokenizer.encode(text.slice(0, before), { continues: true, special: true }) : [];
    },
    mask(previous) {
      if (previous !== undefined && !matcher.accept(previous)) return undefined; // logits were no numbers
      matcher.mask(bits);
      if (bits.every((word, i) => (word & ~ends[i]) === 0)) {
        if (!matcher.isComplete)
          throw new StatusError(500, 'no token of the model fits what the format asks for next');
        isComplete = true;
        return undefined;
      }
      // one token alone is as soon chosen as run
      const forced = findForced();
      if (forced.length < 2) return bits;
      waiting = [];
      while (waiting.length < forced.length && matcher.accept(forced[waiting.length])) {
        waiting.push(forced[waiting.length]);
      }
      return waiting.length > 0 ? undefined : bits;
    },
    forced() {
      const tokens = waiting;
      waiting = [];
      return tokens;
    },
  };
}
