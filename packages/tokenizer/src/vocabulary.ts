/**
 * The vocabulary of a GGUF file, read from its metadata and checked: texts, types and the tokens with a role. The keys are those of
 * ggml's docs/gguf.md; the roles by text and their exceptions are those of llama.cpp's src/llama-vocab.cpp.
 */
import type { GgufValue } from '@tabllama/gguf';
import { TokenizerError } from './error.ts';

export type Metadata = ReadonlyMap<string, GgufValue>;

/** Values of `tokenizer.ggml.token_type`. */
export const TokenType = {
  undefined: 0,
  normal: 1,
  unknown: 2,
  control: 3,
  userDefined: 4,
  unused: 5,
  byte: 6,
} as const;

export interface Vocabulary {
  readonly size: number;
  /** Text of a token as it stands in the file; `[EMPTY_7]` for an empty one. Throws RangeError for an id that is none. */
  text(token: number): string;
  /** The token of a text, -1 where there is none; the lowest where there are several. */
  find(text: string): number;
  /** TokenType by token. */
  readonly types: Uint8Array;
  readonly bos?: number;
  readonly eos?: number;
  readonly unknown?: number;
  /** Tokens that end an answer. */
  readonly ends: ReadonlySet<number>;
}

const key = (name: string) => `tokenizer.ggml.${name}`;

/** Texts that end an answer in some model family; such tokens are control tokens, whatever the file says. */
const endTexts = [
  '<|eot_id|>',
  '<|eom_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|calls|>',
  '<|flush|>',
  '<|endoftext|>',
  '<|end_of_text|>',
  '<|tool_response>',
  '<end_of_turn>',
  '<end_of_utterance>',
  '<turn|>',
  '</s>',
  '<eos>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '[e~[',
  '<｜end▁of▁sentence｜>',
] as const;

/** Fill-in-the-middle tokens: the key that names one, whether it ends an answer, and its texts where the key is missing. */
const infillTokens: readonly (readonly [field: string, ends: boolean, texts: readonly string[]])[] = [
  [
    'fim_pre_token_id',
    false,
    [
      '<|fim_prefix|>',
      '<fim-prefix>',
      '<fim_prefix>',
      '<｜fim▁begin｜>',
      '<PRE>',
      '▁<PRE>',
      '<|code_prefix|>',
      '<|prefix|>',
    ],
  ],
  [
    'fim_suf_token_id',
    false,
    [
      '<|fim_suffix|>',
      '<fim-suffix>',
      '<fim_suffix>',
      '<｜fim▁hole｜>',
      '<SUF>',
      '▁<SUF>',
      '<|code_suffix|>',
      '<|suffix|>',
    ],
  ],
  [
    'fim_mid_token_id',
    false,
    [
      '<|fim_middle|>',
      '<fim-middle>',
      '<fim_middle>',
      '<｜fim▁end｜>',
      '<MID>',
      '▁<MID>',
      '<|code_middle|>',
      '<|middle|>',
    ],
  ],
  ['fim_pad_token_id', true, ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]']],
  ['fim_rep_token_id', true, ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>']],
  ['fim_sep_token_id', true, ['<|file_sep|>']],
];

/** Parts of gpt-oss's answers, which are always shown. */
const shownTexts = ['<|channel|>', '<|message|>', '<|start|>', '<|constrain|>'];

const roleTexts: ReadonlySet<string> = new Set([
  ...endTexts,
  ...infillTokens.flatMap(([, , texts]) => texts),
  ...shownTexts,
]);

/** @param defaults ids of the model kind where the file names none; one outside the vocabulary counts as none */
export function readVocabulary(
  metadata: Metadata,
  defaults: { readonly bos?: number; readonly eos?: number; readonly unknown?: number },
): Vocabulary {
  const tokens = readStrings(metadata, 'tokens');
  const size = tokens.length;
  if (size === 0) throw new TokenizerError(key('tokens'), 'is empty');
  const types = readTypes(metadata, size);
  const tokenId = (field: string, otherwise?: number) =>
    readTokenId(metadata, field, size) ??
    (otherwise !== undefined && otherwise < size ? otherwise : undefined);

  const roles = new Map<string, number>();
  for (let id = 0; id < size; id++) {
    if (roleTexts.has(tokens[id]) && !roles.has(tokens[id])) roles.set(tokens[id], id);
  }
  const ends = new Set<number>();
  for (const [field, isEnd, texts] of infillTokens) {
    let id = tokenId(field);
    if (id === undefined) {
      id = texts.map(text => roles.get(text)).find(found => found !== undefined);
      if (id !== undefined) types[id] = TokenType.control;
    }
    if (isEnd && id !== undefined) ends.add(id);
  }
  for (const text of endTexts) {
    const id = roles.get(text);
    if (id === undefined) continue;
    ends.add(id);
    types[id] = TokenType.control;
  }
  for (const text of shownTexts) {
    const id = roles.get(text);
    if (id !== undefined) types[id] = TokenType.userDefined;
  }
  const bos = tokenId('bos_token_id', defaults.bos);
  const eos = tokenId('eos_token_id', defaults.eos);
  const unknown = tokenId('unknown_token_id', defaults.unknown);
  for (const id of [eos, tokenId('eot_token_id'), tokenId('eom_token_id')]) {
    if (id !== undefined) ends.add(id);
  }

  // two families write these texts in the middle of an answer
  const has = (text: string) => roles.has(text);
  const endsCall =
    (has('<|return|>') && has('<|call|>')) || (has('<|flush|>') && (has('<|call|>') || has('<|calls|>')));
  const notAnEnd = (text: string, type: number) => {
    const id = roles.get(text);
    if (id !== undefined && ends.delete(id)) types[id] = type;
  };
  if (endsCall) notAnEnd('<|end|>', TokenType.userDefined);
  if (has('<|tool_response>')) notAnEnd('</s>', TokenType.normal);

  const text = (token: number): string => {
    const found = tokens[token];
    if (found === undefined) throw new RangeError(`token ${token} is not one of the vocabulary's ${size}`);
    return found === '' ? `[EMPTY_${token}]` : found;
  };
  // made when the first text is encoded: a model that is only shown never needs it
  let ids: Map<string, number> | undefined;
  const find = (wanted: string): number => {
    if (!ids) {
      ids = new Map();
      for (let id = size - 1; id >= 0; id--) ids.set(text(id), id);
    }
    return ids.get(wanted) ?? -1;
  };
  return { size, text, find, types, bos, eos, unknown, ends };
}

/** An array of strings that must be there. */
export function readStrings(metadata: Metadata, name: string): readonly string[] {
  const value = metadata.get(key(name));
  if (value === undefined) throw new TokenizerError(key(name), 'is missing');
  if (!isStrings(value)) throw new TokenizerError(key(name), 'is not an array of strings');
  return value;
}

const isStrings = (value: GgufValue): value is readonly string[] =>
  Array.isArray(value) && value.every(item => typeof item === 'string');

/** An array of one number per token, or undefined where the key is missing. */
export function readNumbers(metadata: Metadata, name: string, size: number): ArrayLike<number> | undefined {
  const value = metadata.get(key(name));
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || !isNumbers(value)) {
    throw new TokenizerError(key(name), 'is not an array of numbers');
  }
  if (value.length !== size) {
    throw new TokenizerError(key(name), `has ${value.length} items for ${size} tokens`);
  }
  return value;
}

const isNumbers = (value: object): value is ArrayLike<number> =>
  ArrayBuffer.isView(value) || (Array.isArray(value) && value.every(item => typeof item === 'number'));

/** A switch of the file, `otherwise` where the key is missing. */
export function readSwitch(metadata: Metadata, name: string, otherwise: boolean): boolean {
  const value = metadata.get(key(name)) ?? otherwise;
  if (typeof value !== 'boolean') throw new TokenizerError(key(name), 'is not a bool');
  return value;
}

function readTypes(metadata: Metadata, size: number): Uint8Array {
  const types = new Uint8Array(size).fill(TokenType.normal);
  const given = readNumbers(metadata, 'token_type', size);
  if (given) {
    for (let id = 0; id < size; id++) {
      const type = given[id];
      types[id] = type >= TokenType.undefined && type <= TokenType.byte ? type : TokenType.undefined;
    }
  }
  return types;
}

function readTokenId(metadata: Metadata, name: string, size: number): number | undefined {
  const value = metadata.get(key(name));
  // -1 as an unsigned number is how some files say that there is none
  if (value === undefined || value === -1 || value === 0xffffffff) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TokenizerError(key(name), 'is not an integer');
  }
  if (value < 0 || value >= size) {
    throw new TokenizerError(key(name), `is ${value}, outside the vocabulary of ${size}`);
  }
  return value;
}
