import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVocabulary, type Vocabulary } from './index.ts';

const bytes = fc.uint8Array({ maxLength: 6 });
const tokens = fc.array(
  fc.option(fc.oneof(bytes, fc.constantFrom('"', 'a', 'aé', '",').map(encode)), { nil: undefined }),
  {
    minLength: 1,
    maxLength: 40,
  },
);

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function create(list: readonly (Uint8Array | undefined)[]): Vocabulary {
  return createVocabulary({ bytesOf: id => list[id], size: list.length + 1, endIds: [list.length] });
}

describe('the trie', () => {
  it('holds every token under its bytes, equal ones behind one another', () => {
    fc.assert(
      fc.property(tokens, list => {
        const { trie, twin } = create(list);
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
