import type { Derived } from '@tabllama/api';
import { createVocabulary } from '@tabllama/grammar';
import { createTokenizer } from '@tabllama/tokenizer';
import { describe, expect, it } from 'vitest';
import { encode, vocabularyWith } from '../../grammar/test/vocabularies.ts';
import { openFixture } from '../../models/test/fixtures.ts';
import { collect, greedy, load } from '../test/load.ts';
import { startsToken } from './vocabulary.ts';
import { vocabularyToBytes } from './vocabulary-bytes.ts';

const stories = await openFixture('stories260K-f32');
const request = { prompt: 'Once upon a time', options: { ...greedy, numPredict: 12 }, format: 'json' };
const plain = (await collect((await load(stories)).complete(request))).content;

/** What is kept, in memory; `puts` counts how often something was made. */
function remembering() {
  const kept = { bytes: undefined as Uint8Array | undefined, puts: 0 };
  const derived: Derived = {
    get: async () => kept.bytes,
    async put(_digest, _form, bytes) {
      kept.bytes = bytes;
      kept.puts++;
    },
  };
  const say = async () => (await collect((await load(stories, { derived })).complete(request))).content;
  return { kept, derived, say };
}

describe('the vocabulary of a model', () => {
  it('is made once, with the first format, and read by whoever loads the model again', async () => {
    const { kept, derived, say } = remembering();
    const model = await load(stories, { derived });
    await collect(model.complete({ ...request, format: undefined }));
    expect(kept.puts).toBe(0);
    for (let i = 0; i < 2; i++) expect((await collect(model.complete(request))).content).toBe(plain);
    expect(await say()).toBe(plain);
    expect(kept.puts).toBe(1);
  });

  it('is made anew where what is kept is none, or another model’s', async () => {
    const { kept, say } = remembering();
    await say();
    const good = kept.bytes!;
    const tokenizer = createTokenizer(stories.gguf.metadata);
    const { vocabSize, eos } = tokenizer;
    const sorted = 4 * (vocabSize + 2);
    const wrong: Record<string, Uint8Array> = {
      empty: new Uint8Array(0),
      cut: good.slice(0, -1),
      'another’s': vocabularyToBytes(createVocabulary({ size: 9, endIds: [], bytesOf: tokenizer.bytesOf })),
      'a token twice': good.with(sorted, good[sorted + 4]),
      'control tokens as text': vocabularyToBytes(
        createVocabulary({ size: vocabSize, endIds: [eos!], bytesOf: tokenizer.bytesOf }),
      ),
      'no bytes at all': { length: 99 } as unknown as Uint8Array,
    };
    for (const [i, [what, bytes]] of Object.entries(wrong).entries()) {
      kept.bytes = bytes;
      expect(await say(), what).toBe(plain);
      expect(kept.puts, what).toBe(i + 2);
      expect(kept.bytes, what).toEqual(good);
    }
  });

  it('that cannot be kept or read is no error of the request', async () => {
    const full = async () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    const model = await load(stories, { derived: { get: full, put: full } });
    expect((await collect(model.complete(request))).content).toBe(plain);
  });
});

it('knows whether a token goes on behind some bytes', () => {
  const vocabulary = vocabularyWith(['ab', 'abc', 'b'].map(encode));
  expect(['a', 'ab', 'abc', 'b', 'c'].map(text => startsToken(vocabulary, encode(text)))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
