import type { LoadedModel, Message, SamplingOptions } from '@tabllama/api';
import type { Runner } from '@tabllama/models';
import Ajv from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { openFixture } from '../../models/test/fixtures.ts';
import { collect, greedy, load } from '../test/load.ts';
import { createParrot, parrotTemplate } from '../test/parrot.ts';

const stories = await openFixture('stories260K-f32');
const prompt = 'Once upon a time';
const hot: SamplingOptions = { ...greedy, temperature: 1, topK: 40, topP: 0.95, numPredict: 120 };
const ajv = new Ajv();

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', maxLength: 8 },
    age: { type: 'integer', minimum: 0, maximum: 120 },
    friends: { type: 'array', items: { enum: ['Tom', 'Lily', 'Ben'] }, maxItems: 2 },
  },
  required: ['name', 'age', 'friends'],
};
const sentence = { once: 'upon a time', there: ['was', 'a', 'little', 'girl', { named: 'Lily' }] };
const schemas: Record<string, object> = {
  person,
  'one of two': {
    anyOf: [{ const: 'a dog' }, { type: 'object', properties: { cat: { const: true } }, required: ['cat'] }],
  },
  'a number': { type: 'number', minimum: -5, maximum: 5, multipleOf: 0.25 },
  'what must be said': { const: sentence },
};

/** How many tokens each prefill and each decode of a model ran, from now on. */
const counting = () => {
  const ran = { prefills: [] as number[], decodes: 0 };
  const change = (runner: Runner): Runner => ({
    ...runner,
    prefill(tokens, position, signal) {
      ran.prefills.push(tokens.length);
      return runner.prefill(tokens, position, signal);
    },
    decode(token, position) {
      ran.decodes++;
      return runner.decode(token, position);
    },
  });
  return { ran, change };
};

describe('a completion with a format', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await load(stories, { contextLength: 256 });
  });
  const say = (schema: object | 'json', options: Partial<SamplingOptions> = {}, more: object = {}) => {
    const format = schema === 'json' ? schema : JSON.stringify(schema);
    return collect(model.complete({ prompt, options: { ...hot, ...options }, format, ...more }));
  };

  it.each(Object.entries(schemas))('is what its schema allows, whatever is drawn: %s', async (_, schema) => {
    for (const seed of [1, 2, 3]) {
      const { content, done, stats } = await say(schema, { seed });
      expect(done, content).toBe('stop');
      expect(ajv.validate(schema, JSON.parse(content)), content).toBe(true);
      expect(stats.tokens).toBeLessThan(120);
    }
  });

  it('is the same whoever chooses the tokens, and tells the probabilities of the unmasked logits', async () => {
    const changes = [{}, { repeatPenalty: 1.4, frequencyPenalty: 0.2, repeatLastN: 9 }, { temperature: 0 }];
    for (const schema of ['json', person, schemas['what must be said']] as const) {
      for (const [seed, change] of changes.entries()) {
        const options = { seed, ...change, numPredict: 24 };
        const ahead = await say(schema, options);
        const byHost = await say(schema, options, { topLogprobs: 1 });
        expect(byHost.content).toBe(ahead.content);
        expect(byHost.stats.tokens).toBe(ahead.stats.tokens);
        expect(byHost.logprobs.map(({ token }) => token).join('')).toBe(ahead.content);
        // what is forced is seldom what the model would have said
        expect(byHost.logprobs.some(({ logprob, top_logprobs: top }) => logprob < top![0].logprob - 1)).toBe(
          true,
        );
      }
    }
    const long = { topK: 0, typicalP: 0.99, numPredict: 24 };
    expect((await say(person, long)).content).toBe((await say(person, long, { topLogprobs: 0 })).content);
  });

  it('runs what must follow as batches', async () => {
    const { ran, change } = counting();
    const counted = await load(stories, { contextLength: 256, change });
    const schema = schemas['what must be said'];
    const request = { prompt, options: greedy, format: JSON.stringify(schema) };
    const { content, stats } = await collect(
      counted.complete({ ...request, options: { ...greedy, numPredict: 120 } }),
    );
    expect(JSON.parse(content)).toEqual(sentence);
    const [, ...batches] = ran.prefills;
    const batched = batches.reduce((sum, count) => sum + count, 0);
    expect(Math.max(...batches)).toBeGreaterThan(3);
    expect(batched).toBeGreaterThan(stats.tokens / 2);
    // and stops at num_predict in the middle of one
    const cut = await collect(counted.complete({ ...request, options: { ...greedy, numPredict: 5 } }));
    expect([cut.done, cut.stats.tokens]).toEqual(['length', 5]);
    expect(content.startsWith(cut.content)).toBe(true);
  });

  it('is cut by num_predict and says so, or ended by a stop string', async () => {
    const { content, done } = await say('json', { numPredict: 3 });
    expect(done).toBe('length');
    expect(content.trimStart().startsWith('{')).toBe(true);
    const schema = schemas['what must be said'];
    for (const more of [{}, { topLogprobs: 0 }]) {
      const stopped = await say(schema, { stop: ['n a t'] }, more);
      expect(stopped).toMatchObject({ done: 'stop', content: expect.stringMatching(/upo$/) });
    }
  });

  it('goes on past a full context, and ends there where the context may not be shifted', async () => {
    const small = await load(stories, { contextLength: 32 });
    const schema = schemas['what must be said'];
    const request = { prompt, options: { ...hot, numPredict: 200 }, format: JSON.stringify(schema) };
    for (const topLogprobs of [undefined, 0]) {
      const { content, done } = await collect(small.complete({ ...request, topLogprobs }));
      expect([JSON.parse(content), done]).toEqual([sentence, 'stop']);
      const cut = await collect(small.complete({ ...request, topLogprobs, shift: false }));
      expect(cut.done).toBe('length');
      expect(cut.stats.promptTokens + cut.stats.tokens).toBe(32);
    }
  });

  it('says the same for the same seed, and is unharmed by one that was aborted', async () => {
    const alone = await say(person, { seed: 5 });
    const stop = new AbortController();
    const aborted = async () => {
      const request = { prompt, options: hot, format: JSON.stringify(person) };
      for await (const _ of model.complete(request, stop.signal)) stop.abort('enough');
    };
    await expect(aborted()).rejects.toBe('enough');
    expect((await say(person, { seed: 5 })).content).toBe(alone.content);
    const free = await collect(model.complete({ prompt, options: greedy }));
    const fresh = await collect((await load(stories)).complete({ prompt, options: greedy }));
    expect(free.content).toBe(fresh.content);
  });

  it('is refused before anything is run where a schema cannot be enforced, with the place and the keyword', async () => {
    const { ran, change } = counting();
    const counted = await load(stories, { change });
    const schema = { properties: { a: { type: 'string', pattern: '(a)\\1' } } };
    const answer = collect(counted.complete({ prompt, options: greedy, format: JSON.stringify(schema) }));
    await expect(answer).rejects.toMatchObject({
      status: 400,
      message: expect.stringMatching(/^format: .*"\/properties\/a".*"pattern"/),
    });
    expect(ran.prefills).toEqual([]);
  });

  it('keeps the order that the schema’s text has', async () => {
    const format =
      '{"type":"object","properties":{"b":{"const":1},"10":{"const":1},"2":{"const":1}},"required":["b","10","2"]}';
    const { content } = await collect(
      model.complete({ prompt, options: { ...greedy, numPredict: 120 }, format }),
    );
    expect([...content.matchAll(/"(\w+)"/g)].map(([, key]) => key)).toEqual(['b', '10', '2']);
  });
});

describe('a chat with a format', () => {
  const messages: Message[] = [{ role: 'user', content: 'Hi' }];
  const thinkingTemplate = `${parrotTemplate}{# <think> </think> #}`;
  const ask = async (pieces: readonly string[], more: object = {}, template = thinkingTemplate) => {
    const start = template.endsWith('<think>') ? '<think>' : '<go>';
    const file = createParrot(pieces, { 'tokenizer.chat_template': template }, start);
    const model = await load(file, { contextLength: 128 });
    const format = '{"const":"yes"}';
    const answers: { content: string; thinking: string; done: unknown }[] = [];
    for (const topLogprobs of [undefined, 0]) {
      // where it has nothing to say it writes blanks
      const options = { ...greedy, numPredict: 60 };
      const request = { messages, options, format, topLogprobs, ...more };
      const { content, thinking, done } = await collect(model.chat(request));
      answers.push({ content, thinking, done });
    }
    expect(answers[1]).toEqual(answers[0]);
    return { ...answers[0], content: JSON.stringify(JSON.parse(answers[0].content)) };
  };
  const answer = { content: '"yes"', done: 'stop' };

  it('begins with the content: behind the thinking, after the blanks there', async () => {
    const pieces = ['<think>', 'so', ' so', '</think>', '\n', 'No', '.'];
    expect(await ask(pieces)).toEqual({ ...answer, thinking: 'so so' });
    expect(await ask(['so', '</think>', 'No'], {}, `${thinkingTemplate}<think>`)).toEqual({
      ...answer,
      thinking: 'so',
    });
  });

  it('begins at once where the model does not think, though it could', async () => {
    expect(await ask(['No', '.'])).toEqual({ ...answer, thinking: '' });
    expect(await ask(['<', 'No'])).toEqual({ ...answer, thinking: '' });
    expect(await ask([])).toEqual({ ...answer, thinking: '' });
  });

  it('begins with the first token where the model must not or cannot think', async () => {
    const pieces = ['<think>', 'so', '</think>', 'No'];
    expect(await ask(pieces, { think: false })).toEqual({ ...answer, thinking: '' });
    expect(await ask(pieces, {}, parrotTemplate)).toEqual({ ...answer, thinking: '' });
  });

  it('begins inside a token that closes the thinking and goes on', async () => {
    expect(await ask(['<think>', 'so', '</thi', 'nk>No', '.'])).toEqual({ ...answer, thinking: 'so' });
  });

  it('is said even where the model ends with its thinking', async () => {
    expect(await ask(['<think>', 'so', '</think>'])).toEqual({ ...answer, thinking: 'so' });
    expect(await ask(['<think>', 'so', '</th'])).toEqual({ ...answer, thinking: 'so</th' });
  });

  it('is not said after calls of tools', async () => {
    const call = '{"name": "f", "arguments": {}}';
    const template = `${parrotTemplate}{# tools <think> </think> <tool_call> #}`;
    const model = await load(
      createParrot(['<think>', 'so', '</think>', '<tool_call>', call, '</tool_call>'], {
        'tokenizer.chat_template': template,
      }),
    );
    const tools = [
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
    ];
    const { deltas, content, done } = await collect(
      model.chat({ messages, tools, options: greedy, format: 'json' }),
    );
    expect(deltas.flatMap(({ toolCalls = [] }) => toolCalls)).toMatchObject([{ function: { name: 'f' } }]);
    expect([content, done]).toEqual(['', 'stop']);
  });

  it('is an error where the model has no token for what must follow', async () => {
    const types = Int32Array.from({ length: 261 }, (_, id) => (id > 2 && id < 259 ? 5 : 1));
    const model = await load(createParrot(['ok'], { 'tokenizer.ggml.token_type': types }));
    const answer = collect(model.complete({ prompt: '<go>', options: greedy, format: 'json' }));
    await expect(answer).rejects.toMatchObject({
      status: 500,
      message: expect.stringContaining('no token of the model'),
    });
  });

  it('is cut where the thinking takes all of num_predict', async () => {
    const options = { ...greedy, numPredict: 3 };
    const file = createParrot(['<think>', 'so', ' so', '</think>'], {
      'tokenizer.chat_template': thinkingTemplate,
    });
    const model = await load(file);
    const { content, thinking, done } = await collect(model.chat({ messages, options, format: 'json' }));
    expect([content, thinking, done]).toEqual(['', 'so so', 'length']);
  });
});
