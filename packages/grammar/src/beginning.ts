import { createCharacters } from './characters.ts';
import { createNumbers } from './numbers.ts';
import { Terms } from './terms.ts';

let terms: Terms | undefined;

/** The terms that every grammar begins with, those of strings and numbers; grammars are forks of them. Built once. */
export function beginning(): Terms {
  if (!terms) {
    terms = new Terms();
    createCharacters(terms);
    for (const draft4 of [false, true]) createNumbers(terms, draft4).integer();
    terms.close();
  }
  return terms;
}
