import { type Characters, createCharacters } from './characters.ts';
import { createNumbers, type Numbers } from './numbers.ts';
import { patternTerm } from './patterns.ts';
import { sliceTerms } from './slices.ts';
import { type Term, Terms } from './terms.ts';

export interface Beginning {
  readonly terms: Terms;
  readonly characters: Characters;
  readonly numbers: Numbers;
  /** Those of draft 4. */
  readonly numbers4: Numbers;
  readonly classes: readonly Term[];
}

let made: Beginning | undefined;
let formats: { readonly terms: Terms; readonly known: Map<string, Term> } | undefined;

/** The terms that every grammar begins with, those of strings and numbers; grammars are forks of them. Built once. */
export function beginning(): Beginning {
  if (!made) {
    const terms = new Terms();
    const characters = createCharacters(terms);
    const numbers = createNumbers(terms, false);
    const numbers4 = createNumbers(terms, true);
    for (const { integer } of [numbers, numbers4]) integer();
    made = { terms, characters, numbers, numbers4, classes: sliceTerms(terms, characters) };
    terms.close();
  }
  return made;
}

/** The term of a format's pattern in a grammar's store. Patterns of formats are read once, and stay. */
export function formatTerm(grammar: Terms, pattern: string): Term {
  formats ??= { terms: beginning().terms.fork(), known: new Map() };
  const { terms, known } = formats;
  let term = known.get(pattern);
  if (term === undefined) {
    term = patternTerm(terms, createCharacters(terms, beginning().characters), pattern);
    known.set(pattern, term);
  }
  return grammar.adopt(terms, term);
}
