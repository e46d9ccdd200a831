/**
 * How calls of tools are written: a row of texts and of values, where each value is JSON or JSON in another spelling. What is written
 * in one is read as the JSON that it stands for, so that every assertion of a schema holds in any of them.
 */
import type { Grammar } from '@tabllama/grammar';

/** Alternatives. */
export type Texts = readonly string[];

/**
 * An object whose members, the arguments, are written in a way of their own, and what is within them in a way that is JSON but for
 * names, texts and words.
 */
export interface Spelling {
  /** Before the name of an argument. */
  readonly before: Texts;
  /** Between the name and the value. */
  readonly is: Texts;
  /** Behind the value. */
  readonly after: Texts;
  /** Between two arguments. */
  readonly between: Texts;
  /** Behind all of them. There is nothing before them. */
  readonly close: Texts;
  /** A pattern of the names that can be written so. */
  readonly names: string;
  /** Texts that a reader would take for the end of something: they are in no name and no text. */
  readonly never: Texts;
  /** Whether names in objects within values are bare too, with `is` behind them. Else they are written like texts. */
  readonly bareNames?: boolean;
  /** What stands around texts. Absent: they are JSON. */
  readonly quotes?: readonly Quotes[];
  /** Words, and the JSON that they stand for, beside which JSON's own may be used. */
  readonly words?: Readonly<Record<string, string>>;
  /** Of the argument of that name, where a text stands between `is` and `after` as it is, and all else is JSON. */
  bare?(name: string): Bare;
}

export interface Quotes {
  readonly open: string;
  readonly close: string;
  /** What stands for a character behind a backslash. Absent: a backslash is one. */
  readonly escapes?: Readonly<Record<string, string>>;
}

export interface Bare {
  /** What JSON may begin with to be read as such. */
  readonly starts: string;
  /** A pattern of the texts that would be read as something else. */
  readonly not: string;
}

/** A value by a grammar, of an object or an array. */
export interface Value {
  readonly grammar: Grammar;
  readonly spelling?: Spelling;
}

/** One row or more. */
export interface Some {
  readonly some: readonly Row[];
  readonly between: Texts;
}

/** Blanks at the beginning of a text may be left out, and the end may come in place of a text behind values. */
export type Row = readonly (string | Value | Some)[];
