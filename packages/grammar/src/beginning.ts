import { createCharacters } from './characters.ts';
import { createNumbers } from './numbers.ts';
import { sliceTerms } from './slices.ts';
import { type Term, Terms } from './terms.ts';

export interface Beginning {
  readonly terms: Terms;
  readonly classes: readonly Term[];
}

let made: Beginning | undefined;

/** The terms that every grammar begins with, those of strings and numbers; grammars are forks of them. Built once. */
export function beginning(): Beginning {
  if (!made) {
    const terms = new Terms();
    const classes = sliceTerms(terms, createCharacters(terms));
    for (const draft4 of [false, true]) createNumbers(terms, draft4).integer();
    terms.close();
    made = { terms, classes };
  }
  return made;
}
