/**
 * Finds the special tokens that are written out in a text, before anything else looks at it. Longer ones go first, over the whole text
 * (as in llama.cpp's tokenizer_st_partition), so that a token is never cut by a shorter one that begins further left.
 */
import { TokenType } from './token-type.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A token that was written out, or the text between two. */
export type Fragment = number | string;

interface SpecialToken {
  readonly id: number;
  readonly text: string;
  /** Recognised only where the caller allows it. */
  readonly guarded: boolean;
  /** White space after it belongs to it. */
  readonly strips: boolean;
}

/** @param name `general.name` of the file: Phi-3 needs the white space after its special tokens dropped, which no key says */
export function createPartition(
  vocabulary: Vocabulary,
  name: string,
): (text: string, special: boolean) => readonly Fragment[] {
  const isPhi3 = /phi-?3/i.test(name);
  const tokens: SpecialToken[] = [];
  for (let id = 0; id < vocabulary.size; id++) {
    const type = vocabulary.types[id];
    const guarded = type === TokenType.control || type === TokenType.unknown;
    if (!guarded && type !== TokenType.userDefined) continue;
    const text = vocabulary.text(id);
    const strips = isPhi3 && !['<unk>', '<s>', '<|endoftext|>'].includes(text);
    tokens.push({ id, text, guarded, strips });
  }
  const utf8 = new TextEncoder();
  const bytes = new Map(tokens.map(token => [token, utf8.encode(token.text).length]));
  tokens.sort((a, b) => bytes.get(b)! - bytes.get(a)!);

  return (text, special) => {
    let fragments: readonly Fragment[] = text === '' ? [] : [text];
    for (const token of tokens) {
      if ((token.guarded && !special) || !text.includes(token.text)) continue;
      fragments = fragments.flatMap(fragment =>
        typeof fragment === 'number' ? fragment : cut(fragment, token),
      );
    }
    return fragments;
  };
}

function cut(text: string, token: SpecialToken): Fragment[] {
  const fragments: Fragment[] = [];
  for (const [index, part] of text.split(token.text).entries()) {
    if (index > 0) fragments.push(token.id);
    const rest = index > 0 && token.strips ? part.replace(/^[ \t\n\v\f\r]+/, '') : part;
    if (rest !== '') fragments.push(rest);
  }
  return fragments;
}
