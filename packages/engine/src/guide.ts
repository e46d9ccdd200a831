/**
 * What an answer may say, token by token: which tokens may come next, which must, and when all is said. Where only a part of the
 * answer is bound, its text is watched until that part begins.
 */
import type { Expected } from '@tabllama/chat';
import type { Mask } from '@tabllama/kernels';
import type { Tokenizer } from '@tabllama/tokenizer';
import type { Bounds } from './bounds.ts';
import type { Watcher } from './watcher.ts';

export interface Guide {
  /** Whether the answer is bound by now. */
  readonly isOn: boolean;
  /** Whether it is bound by the request's format: it is content, to its end. */
  readonly isFormat: boolean;
  /** Whether all is said: nothing may follow. */
  readonly isComplete: boolean;
  /**
   * Looks at a token that was chosen freely. Where something begins with it that is bound, returns the tokens to use in its place:
   * itself, or, if it goes on otherwise, those of the text in it that comes before.
   */
  instead(token: number): readonly number[] | undefined;
  /** The tokens that may come next. There is no mask where all is said, or where `forced` has tokens. */
  readonly mask: Mask;
  /** The tokens that follow whatever is chosen; they count as taken. */
  forced(): readonly number[];
}

export interface GuideOptions {
  readonly tokenizer: Tokenizer;
  /** Of the request's format. */
  readonly format?: Bounds;
  /** Absent: the format holds from the first token on. */
  readonly watcher?: Watcher;
  /** Of calls of tools. */
  callBounds?(expected: Expected): Bounds;
  /** Texts of control tokens that are to be seen. */
  readonly marks?: readonly string[];
}

export function createGuide(options: GuideOptions): Guide {
  const { tokenizer, format, watcher, callBounds, marks } = options;
  const newDecoder = () => tokenizer.decoder({ special: marks });
  const encode = (text: string) => tokenizer.encode(text, { continues: true, special: true });
  const bits = new Uint32Array(Math.ceil(tokenizer.vocabSize / 32));
  let decoder = newDecoder();
  let bounds = watcher ? undefined : format;
  let isComplete = false;
  let waiting: readonly number[] = [];

  /** The bounds of a call behind its beginning and `text`; absent where they are passed already. */
  const begin = (expected: Expected, text: string): Bounds | undefined => {
    const call = callBounds!(expected);
    return encode(expected.begun + text).every(token => call.mask(bits) && call.accept(token))
      ? call
      : undefined;
  };
  const follow = (token: number) => {
    if (bounds !== format) watcher!.follow(decoder.push(token));
  };

  return {
    get isOn() {
      return bounds !== undefined;
    },
    get isFormat() {
      return bounds !== undefined && bounds === format;
    },
    get isComplete() {
      return isComplete;
    },
    instead(token) {
      if (!watcher) return undefined;
      const text = tokenizer.isEndOfGeneration(token) ? undefined : decoder.push(token);
      const found = watcher.look(text);
      if (!found) return undefined;
      const { before, expected } = found;
      if (!expected) {
        bounds = format;
        return text ? encode(text.slice(0, before)) : [];
      }
      const rest = text!.slice(before);
      bounds = begin(expected, rest);
      if (bounds) {
        watcher.follow(rest);
        return [token];
      }
      bounds = begin(expected, '');
      if (!bounds) {
        // it is written as no grammar has it
        watcher.follow(rest);
        return undefined;
      }
      decoder = newDecoder();
      return encode(text!.slice(0, before));
    },
    mask(previous) {
      if (previous !== undefined) {
        if (!bounds!.accept(previous)) return undefined; // logits were no numbers
        follow(previous);
      }
      if (!bounds!.mask(bits)) {
        isComplete = bounds === format;
        if (!isComplete) bounds = undefined;
        return undefined;
      }
      waiting = bounds!.forced?.() ?? [];
      return waiting.length > 0 ? undefined : bits;
    },
    forced() {
      const tokens = waiting;
      waiting = [];
      return tokens;
    },
  };
}
