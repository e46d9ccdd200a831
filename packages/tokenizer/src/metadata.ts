/** Values of a GGUF file's metadata under `tokenizer.ggml.`, each checked to be of the type that it should be. */
import type { GgufValue } from '@tabllama/gguf';
import { TokenizerError } from './error.ts';

export type Metadata = ReadonlyMap<string, GgufValue>;

const key = (name: string) => `tokenizer.ggml.${name}`;

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

/** A token id, or undefined where the file names none. */
export function readTokenId(metadata: Metadata, name: string, size: number): number | undefined {
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
