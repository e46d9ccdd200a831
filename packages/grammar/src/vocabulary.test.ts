import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokens, vocabularyWith } from '../test/vocabularies.ts';

describe('the trie', () => {
  it('holds every token under its bytes, equal ones behind one another', () => {
    fc.assert(
      fc.property(tokens, list => {
        const { trie, twin } = vocabularyWith(list);
        const found = new Map<number, number[]>();
        const visit = (from: number, to: number, path: readonly number[]): void => {
          for (let node = from; node < to; node = trie.end[node]) {
            const here = [...path, trie.byte[node]];
            for (let id = trie.token[node]; id >= 0; id = twin[id]) found.set(id, here);
            visit(node + 1, trie.end[node], here);
          }
        };
        visit(0, trie.byte.length, []);
        for (const [id, token] of list.entries()) expect(found.get(id) ?? []).toEqual([...(token ?? [])]);
      }),
    );
  });
});
