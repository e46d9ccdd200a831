/** Real vocabularies against the ids that llama.cpp gives. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTokenizer, type Tokenizer } from '../src/index.ts';
import { preTokenizers } from '../src/pre-tokenizers.ts';
import {
  expected,
  minilmGolden,
  preTokenized,
  readMetadata,
  readModelGolden,
  smolGolden,
} from './fixtures.ts';

const vocabularies = [
  { name: 'gpt-2', file: 'gpt-2', texts: expected.texts },
  { name: 'llama-bpe', file: 'llama-bpe', texts: expected.texts },
  { name: 'qwen2', file: 'qwen2', texts: expected.texts },
  // the tokens and merges of qwen2, cut into words in another way
  { name: 'qwen35', file: 'qwen2', texts: expected.qwen35Texts },
  { name: 'llama-spm', file: 'llama-spm', texts: expected.texts },
  { name: 'phi-3', file: 'phi-3', texts: expected.texts },
];

describe.each(vocabularies)('vocabulary $name', ({ name, file, texts }) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    const metadata = await readMetadata(`fixtures/vocab/${file}.gguf.br`);
    tokenizer = createTokenizer(
      name === file ? metadata : new Map([...metadata, ['tokenizer.ggml.pre', name]]),
    );
  });

  it('gives every text the ids of llama.cpp, and the text comes back', () => {
    expect(texts.length).toBe(expected.ids[name].length);
    for (const [i, text] of texts.entries()) {
      const tokens = tokenizer.encode(text);
      expect(tokens, JSON.stringify(text)).toEqual(expected.ids[name][i]);
      expect(tokenizer.decode(tokens)).toBe(text);
    }
  });

  it('gives any text back, but for the sign that SentencePiece writes a space with', () => {
    const spaces = /^(llama-spm|phi-3)$/.test(name) ? '▁' : ' ';
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), text => {
        const back = text.replaceAll(spaces, ' ');
        // a vocabulary may spell a control token out of ordinary ones, so show them
        const tokens = tokenizer.encode(text, { addSpecial: true });
        const bos = tokenizer.addBos ? tokenizer.tokenText(tokenizer.bos!) : '';
        expect(tokenizer.decode(tokens, { special: true })).toBe(bos + back);
        expect(tokenizer.decode(tokenizer.encode(text), { special: true })).toBe(back);
      }),
      { numRuns: 200, examples: [['▁'], ['a▁ ▁b']] },
    );
  });

  it('streams whole characters, and in all the bytes of the tokens', () => {
    const token = fc.integer({ min: 0, max: tokenizer.vocabSize - 1 });
    const byText = fc.string({ unit: 'binary', maxLength: 20 }).map(text => tokenizer.encode(text));
    const tokens = fc.array(fc.oneof(byText, fc.tuple(token)), { maxLength: 12 }).map(parts => parts.flat());
    fc.assert(
      fc.property(tokens, ids => {
        const decoder = tokenizer.decoder({ special: true });
        let text = '';
        for (const id of ids) {
          const piece = decoder.push(id);
          expect(piece.isWellFormed()).toBe(true);
          text += piece;
        }
        text += decoder.end();
        const bytes = Uint8Array.from(ids.flatMap(id => [...tokenizer.bytesOf(id)]));
        expect(text).toBe(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('encodes 100 kB of anything in less than two seconds, where 50 ms are usual and quadratic would be minutes', () => {
    const mixed = texts.join('\n').repeat(100).slice(0, 100_000);
    let state = 1;
    const random = Array.from({ length: 100_000 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return String.fromCharCode(97 + ((state >>> 16) % 26));
    }).join('');
    for (const text of [mixed, random, 'a'.repeat(100_000), ' '.repeat(100_000), '1'.repeat(100_000)]) {
      // time of the processor, so that a busy machine does not count
      const start = process.cpuUsage();
      const tokens = tokenizer.encode(text);
      const { user, system } = process.cpuUsage(start);
      expect(user + system).toBeLessThan(2e6);
      expect(tokenizer.decode(tokens)).toBe(text);
    }
  });
});

describe('pre-tokenizers, on the tokens of GPT-2', () => {
  let metadata: Awaited<ReturnType<typeof readMetadata>>;
  beforeAll(async () => {
    metadata = await readMetadata('fixtures/vocab/gpt-2.gguf.br');
  });
  it.each([...preTokenizers.keys()])('%s cuts words as llama.cpp does', name => {
    const tokenizer = createTokenizer(new Map([...metadata, ['tokenizer.ggml.pre', name]]));
    expect(preTokenized.texts.map(text => tokenizer.encode(text))).toEqual(preTokenized.ids[name]);
  });
});

describe('the default model', () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = createTokenizer(await readMetadata('models/smollm2-135m-instruct-q4_1.gguf'));
  });

  it.each(smolGolden.prompts)(
    'prompt $id has the ids of llama.cpp, and its answer is the same text',
    golden => {
      expect(tokenizer.encode(golden.prompt, { special: true, addSpecial: true })).toEqual(
        golden.promptTokens,
      );
      expect(tokenizer.decode(golden.promptTokens, { special: true })).toBe(golden.prompt);
      const decoder = tokenizer.decoder();
      const streamed = golden.f32.generated.map(token => decoder.push(token)).join('') + decoder.end();
      expect(streamed).toBe(golden.f32.text);
      const last = golden.f32.generated.at(-1)!;
      expect(tokenizer.isEndOfGeneration(last)).toBe(golden.f32.stop === 'eog');
    },
  );

  it('cuts a long text as llama.cpp does', () => {
    expect(tokenizer.encode(smolGolden.nll.text).slice(0, 512)).toEqual(smolGolden.nll.tokens);
  });

  it('recognises control tokens only where that is wanted', () => {
    expect(tokenizer.encode('<|im_end|>', { special: true })).toEqual([2]);
    const tokens = tokenizer.encode('<|im_end|>');
    expect(tokens.length).toBeGreaterThan(1);
    expect(tokenizer.decode(tokens)).toBe('<|im_end|>');
    expect(tokenizer.decode([2])).toBe('');
    expect(tokenizer.decode([2], { special: true })).toBe('<|im_end|>');
  });
});

describe.each(['stories260K-f32', 'llama-2-tiny-random'])('model %s', name => {
  it('has the prompt ids and the text of llama.cpp', async () => {
    const tokenizer = createTokenizer(await readMetadata(`fixtures/models/${name}.gguf`));
    const golden = readModelGolden(name);
    expect(tokenizer.encode(golden.prompt, { addSpecial: true })).toEqual(golden.promptTokens);
    expect(tokenizer.decode(golden.promptTokens)).toBe(golden.prompt);
    expect(tokenizer.decode(golden.generated)).toBe(golden.text);
    expect(tokenizer.tokenText(tokenizer.bos!)).toBe('<s>');
    expect(tokenizer.isEndOfGeneration(tokenizer.eos!)).toBe(true);
  });
});

describe('WordPiece', () => {
  let metadata: Awaited<ReturnType<typeof readMetadata>>;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    metadata = await readMetadata('models/all-minilm-l6-v2-q8_0.gguf');
    tokenizer = createTokenizer(metadata);
  });

  it('gives every text the ids of llama.cpp', () => {
    expect(expected.texts.map(text => tokenizer.encode(text))).toEqual(expected.ids.bert);
    for (const { text, tokens } of minilmGolden)
      expect(tokenizer.encode(text, { special: true, addSpecial: true })).toEqual(tokens);
  });
  it('gives plain text back, which has the same tokens', () => {
    const tokens = tokenizer.encode('Naïve café, ÉCOLE!\u200B');
    expect(tokenizer.decode(tokens)).toBe(' naive cafe , ecole !');
    for (const text of expected.texts) {
      const ids = tokenizer.encode(text);
      if (!ids.includes(100)) expect(tokenizer.encode(tokenizer.decode(ids))).toEqual(ids);
    }
  });
  it('puts [CLS] and [SEP] around a text whatever the switches say, and knows them in a text', () => {
    const off = new Map(metadata)
      .set('tokenizer.ggml.add_bos_token', false)
      .set('tokenizer.ggml.add_eos_token', false);
    expect(createTokenizer(off).encode('hello', { addSpecial: true })).toEqual([101, 7592, 102]);
    expect(tokenizer.encode('[MASK] hello', { special: true })).toEqual([103, 7592]);
    expect(tokenizer.encode('[MASK]')).not.toEqual([103]);
  });
  it('decomposes Hangul in full, as the model was trained and llama.cpp does not', () => {
    expect(tokenizer.encode('배')).toEqual(tokenizer.encode('배'.normalize('NFD')));
    expect(tokenizer.encode('배')).not.toEqual([100]);
  });
  it('keeps capitals and accents where the file says so', () => {
    const cased = createTokenizer(new Map(metadata).set('tokenizer.ggml.normalizer.lowercase', false));
    expect(cased.encode('hello')).toEqual([7592]);
    expect(cased.encode('Hello')).toEqual([100]);
    expect(cased.encode('café')).not.toEqual(tokenizer.encode('café'));
  });
  it('encodes a word of 100 kB in less than two seconds', () => {
    const start = process.cpuUsage();
    expect(tokenizer.encode('a'.repeat(100_000)).length).toBeGreaterThan(1000);
    const { user, system } = process.cpuUsage(start);
    expect(user + system).toBeLessThan(2e6);
  });
});

describe('families', () => {
  it('Qwen 2: </s> is a control token, for it ends answers elsewhere', async () => {
    const tokenizer = createTokenizer(await readMetadata('fixtures/vocab/qwen2.gguf.br'));
    expect(tokenizer.encode('</s>', { special: true })).toEqual([128247]);
    expect(tokenizer.isEndOfGeneration(tokenizer.encode('<|im_end|>', { special: true })[0])).toBe(true);
    expect(tokenizer.addBos).toBe(false);
  });
  it('Llama 3: BOS is put before a text though the file does not say so', async () => {
    const tokenizer = createTokenizer(await readMetadata('fixtures/vocab/llama-bpe.gguf.br'));
    expect(tokenizer.encode('a', { addSpecial: true })).toEqual([128000, 64]);
    const [turn] = tokenizer.encode('<|eot_id|>', { special: true });
    expect(tokenizer.isEndOfGeneration(turn)).toBe(true);
  });
  it('Phi-3: white space after a special token belongs to it', async () => {
    const tokenizer = createTokenizer(await readMetadata('fixtures/vocab/phi-3.gguf.br'));
    const special = true;
    expect(tokenizer.encode('<|user|>\n hi', { special })).toEqual(
      tokenizer.encode('<|user|>hi', { special }),
    );
    expect(tokenizer.encode('<s>\n', { special })).not.toEqual([1]);
  });
});
