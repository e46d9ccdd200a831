/** What one file of `architectures/` says: how a model's folder becomes a GGUF. */
import type { NewTensor } from '@tabllama/gguf';
import { asObject, type Folder, type Json } from './folder.ts';
import type { Tokenizer, Vocabulary } from './tokenizer.ts';

export interface Architecture {
  /** `architectures` of the config.json that it converts. */
  readonly sources: readonly string[];
  /** `general.architecture` of the GGUF. */
  readonly name: string;
  /** Parts of tensors' names and what is put in their place; at each place the first that fits counts. */
  readonly names: readonly (readonly [from: string, to: string])[];
  /** Tensors that the GGUF does not have, by their own names. */
  readonly dropped?: RegExp;
  /** Values of the metadata by their keys behind the architecture's name; what is undefined is left out. */
  values(config: Config, folder: Folder): Values | Promise<Values>;
  /** Rows of this tensor of the GGUF, so many heads of them, hold halves that are to be neighbours. */
  heads?(name: string, config: Config): number | undefined;
  /** Tensors that come of the config. */
  made?(config: Config): NewTensor[];
  /** What becomes of the vocabulary. */
  vocabulary?(tokenizer: Tokenizer): Vocabulary & { readonly ids: ReadonlyMap<string, number> };
}

export type Values = Readonly<Record<string, Value | undefined>>;
/** A number is a whole one; a float is said to be one. */
export type Value = number | boolean | string | Int32Array | { readonly float: number };

/** A config.json: the first of several names that has a number other than 0. */
export interface Config {
  /** Throws Error where it is no whole number from 0 on. */
  count(...names: string[]): number | undefined;
  float(...names: string[]): { readonly float: number } | undefined;
  flag(name: string): boolean;
  /** How rotary positions are scaled: an object of its own. */
  readonly rope: Omit<Config, 'rope'> & { readonly type: string };
}

export function readConfig(json: Json): Config {
  const rope = asObject(json.rope_scaling ?? json.rope_parameters);
  const type = String(rope.rope_type ?? rope.type ?? '');
  return { ...fieldsOf(json), rope: { ...fieldsOf(rope), type } };
}

function fieldsOf(json: Json): Omit<Config, 'rope'> {
  const first = (names: readonly string[]) => names.map(name => json[name]).find(value => value);
  return {
    count(...names) {
      const value = first(names);
      if (value === undefined || (Number.isSafeInteger(value) && Number(value) > 0)) return value as number;
      throw new Error(`config.json: ${names.find(name => json[name] === value)} is ${JSON.stringify(value)}`);
    },
    float(...names) {
      const value = first(names);
      return typeof value === 'number' ? { float: value } : undefined;
    },
    flag: name => json[name] === true,
  };
}
