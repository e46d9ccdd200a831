/** The vocabulary of a GGUF file (keys: ggml's docs/gguf.md), read from its metadata and checked: texts, types, tokens with a role. */
import { TokenizerError } from './error.ts';
import { type Metadata, readNumbers, readStrings, readTokenId } from './metadata.ts';
import { assignRoles } from './token-roles.ts';
import { TokenType } from './token-type.ts';

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

/** @param defaults ids of the model kind by key, where the file names none; one outside the vocabulary counts as none */
export function readVocabulary(metadata: Metadata, defaults: Readonly<Record<string, number>>): Vocabulary {
  const tokens = readStrings(metadata, 'tokens');
  const size = tokens.length;
  if (size === 0) throw new TokenizerError('tokenizer.ggml.tokens', 'is empty');
  const types = readTypes(metadata, size);
  const tokenId = (field: string) =>
    readTokenId(metadata, field, size) ?? (defaults[field] < size ? defaults[field] : undefined);
  const ends = assignRoles(tokens, types, tokenId);
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
  return {
    size,
    text,
    find,
    types,
    bos: tokenId('bos_token_id'),
    eos: tokenId('eos_token_id'),
    unknown: tokenId('unknown_token_id'),
    ends,
  };
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
