/** A tokenizer made of its parts: special tokens are cut out of a text, the model kind does the rest, and bytes become text again. */
import { createBytePair } from './byte-pair.ts';
import { createDecoder, type StreamingDecoder } from './decoder.ts';
import { TokenizerError } from './error.ts';
import { type Metadata, readSwitch } from './metadata.ts';
import type { Model } from './model.ts';
import { createSentencePiece } from './sentence-piece.ts';
import { createPartition } from './special-tokens.ts';
import { TokenType } from './token-type.ts';
import { createWordPiece } from './word-piece.ts';

export interface Tokenizer {
  /** Token ids are 0 to `vocabSize` - 1. */
  readonly vocabSize: number;
  /** Beginning and end of a text, absent where the vocabulary has none. */
  readonly bos?: number;
  readonly eos?: number;
  /** Whether the model wants BOS before a text and EOS after it. */
  readonly addBos: boolean;
  readonly addEos: boolean;
  /**
   * Tokens of a text; a lone surrogate counts as U+FFFD. `special`: control tokens written in the text are recognised (user-defined
   * ones always are). `addSpecial`: BOS and EOS are added as the model wants. `continues`: it follows other text, so that SentencePiece
   * puts no space before it.
   */
  encode(
    text: string,
    options?: { readonly special?: boolean; readonly addSpecial?: boolean; readonly continues?: boolean },
  ): number[];
  /**
   * The text that was encoded: control tokens are left out unless `special`, and so is the space that SentencePiece puts before a
   * text. Invalid UTF-8 becomes U+FFFD. Throws RangeError for an id that is no token.
   */
  decode(tokens: readonly number[], options?: { readonly special?: boolean }): string;
  /**
   * Text of tokens that follow others, piece by piece: as `decode`, but a space at the start is kept, and `special` may be the texts
   * of the control tokens that are shown.
   */
  decoder(options?: { readonly special?: boolean | readonly string[] }): StreamingDecoder;
  /** Bytes of one token, which need not be whole characters; none for unused tokens. */
  bytesOf(token: number): Uint8Array;
  /** Text as it stands in the vocabulary, such as `<|im_end|>`. */
  tokenText(token: number): string;
  /** True for EOS and every other token that ends an answer, such as the end of a turn. */
  isEndOfGeneration(token: number): boolean;
  /** True for tokens that stand for text alone: no control tokens, nor such as a file defines for marks like `<think>`. */
  isText(token: number): boolean;
}

/** Tokenizers by `tokenizer.ggml.model`. */
const models: ReadonlyMap<unknown, (metadata: Metadata) => Model> = new Map([
  ['gpt2', createBytePair],
  ['llama', createSentencePiece],
  ['bert', createWordPiece],
]);

/** @throws TokenizerError naming the metadata key that is missing, of the wrong type or out of range */
export function createTokenizer(metadata: Metadata): Tokenizer {
  const kind = metadata.get('tokenizer.ggml.model');
  const create = models.get(kind);
  if (!create) {
    const problem =
      kind === undefined ? 'is missing' : `is '${kind}': supported are ${[...models.keys()].join(', ')}`;
    throw new TokenizerError('tokenizer.ggml.model', problem);
  }
  const { vocabulary, addSpacePrefix, framed = false, ...model } = create(metadata);
  const { bos, eos, types } = vocabulary;
  const addBos = framed || readSwitch(metadata, 'add_bos_token', model.addBos);
  const addEos = framed || readSwitch(metadata, 'add_eos_token', false);
  if (addBos && bos === undefined)
    throw new TokenizerError('tokenizer.ggml.bos_token_id', 'is missing, but BOS is to be added');
  if (addEos && eos === undefined)
    throw new TokenizerError('tokenizer.ggml.eos_token_id', 'is missing, but EOS is to be added');
  const name = metadata.get('general.name');
  let partition: ReturnType<typeof createPartition> | undefined;

  const bytesOf = (token: number): Uint8Array => {
    const bytes = model.bytesOf(token);
    return types[token] === TokenType.unused || types[token] === TokenType.undefined
      ? new Uint8Array()
      : bytes;
  };
  const isHidden = (token: number) =>
    types[token] === TokenType.control || types[token] === TokenType.unknown;
  const shownBytes = (token: number, special: boolean) => {
    const bytes = bytesOf(token);
    return special || !isHidden(token) ? bytes : new Uint8Array();
  };
  return {
    vocabSize: vocabulary.size,
    bos,
    eos,
    addBos,
    addEos,
    encode(text, { special = false, addSpecial = false, continues = false } = {}) {
      partition ??= createPartition(vocabulary, typeof name === 'string' ? name : '');
      const tokens: number[] = addSpecial && addBos ? [bos!] : [];
      let afterSpecial = !continues;
      for (const fragment of partition(text.toWellFormed(), special)) {
        if (typeof fragment === 'number') tokens.push(fragment);
        else model.encode(addSpacePrefix && afterSpecial ? ` ${fragment}` : fragment, tokens);
        afterSpecial = typeof fragment === 'number';
      }
      if (addSpecial && addEos) tokens.push(eos!);
      return tokens;
    },
    decode(tokens, { special = false } = {}) {
      const decoder = createDecoder(token => shownBytes(token, special));
      const isBos = addBos && tokens[0] === bos;
      let text = '';
      for (const token of isBos ? tokens.slice(1) : tokens) text += decoder.push(token);
      text += decoder.end();
      if (addSpacePrefix && text.startsWith(' ')) text = text.slice(1);
      return isBos && special ? vocabulary.text(bos!) + text : text;
    },
    decoder({ special = false } = {}) {
      const isShown = (token: number) =>
        typeof special === 'boolean' ? special : special.includes(vocabulary.text(token));
      return createDecoder(token => shownBytes(token, isHidden(token) && isShown(token)));
    },
    bytesOf,
    tokenText: vocabulary.text,
    isEndOfGeneration: token => vocabulary.ends.has(token),
    isText(token) {
      if (isHidden(token) || vocabulary.ends.has(token)) return false;
      // some files define runs of blanks as well
      return types[token] !== TokenType.userDefined || /^\s+$/.test(vocabulary.text(token));
    },
  };
}
