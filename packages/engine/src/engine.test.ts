import { readFileSync } from 'node:fs';
import type { LoadedModel, Message, SamplingOptions } from '@tabllama/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { openFixture, readGolden } from '../../models/test/fixtures.ts';
import { collect, createReferenceEngine, greedy, load } from '../test/load.ts';
import { createParrot, parrotTemplate } from '../test/parrot.ts';

const stories = await openFixture('stories260K-f32');
const golden = readGolden('stories260K-f32');
const { text, prompt } = JSON.parse(
  readFileSync(new URL('../../../fixtures/golden/stories260K-f32.json', import.meta.url), 'utf8'),
) as { text: string; prompt: string };
const hot = { ...greedy, temperature: 1.2, seed: 42 };

describe('a completion', () => {
  let model: LoadedModel;
  beforeEach(async () => {
    model = await load(stories);
  });

  it('is what llama.cpp generates, a delta per token, ended by one with true figures', async () => {
    const answer = await collect(model.complete({ prompt, options: greedy }));
    expect(text.startsWith(answer.content)).toBe(true);
    expect(answer.content).toBe(model.detokenize(golden.generated.slice(0, 24)));
    expect(answer.deltas).toHaveLength(25);
    expect(answer.deltas.filter(({ done }) => done)).toHaveLength(1);
    expect(answer.done).toBe('length');
    const { promptTokens, cachedTokens, tokens, promptNs, evalNs } = answer.stats;
    expect({ promptTokens, cachedTokens, tokens }).toEqual({
      promptTokens: golden.promptTokens.length,
      cachedTokens: 0,
      tokens: 24,
    });
    for (const ns of [promptNs, evalNs]) expect(Number.isInteger(ns) && ns > 0).toBe(true);
  });

  it('is the same with the sampler in the loop as with the tokens chosen ahead', async () => {
    const ahead = await collect(model.complete({ prompt, options: greedy }));
    const sampled = await collect(model.complete({ prompt, options: greedy, topLogprobs: 0 }));
    expect(sampled.content).toBe(ahead.content);
  });

  it.each<[string, Partial<SamplingOptions>]>([
    ['Ollama’s defaults', {}],
    ['min_p', { minP: 0.05, topP: 1, temperature: 1.5 }],
    ['penalties', { repeatPenalty: 1.3, frequencyPenalty: 0.1, repeatLastN: 12, temperature: 1.2 }],
    ['penalties, and no chance', { repeatPenalty: 1.3, temperature: 0 }],
  ])('is the same chosen ahead of the host as by it, past a full context too: %s', async (_, change) => {
    const small = await load(stories, { contextLength: 32 });
    for (const seed of [1, 2]) {
      const options = { ...greedy, topK: 40, topP: 0.9, temperature: 0.8, seed, numPredict: 70, ...change };
      const ahead = await collect(small.complete({ prompt, options }));
      const byHost = await collect(small.complete({ prompt, options, topLogprobs: 0 }));
      expect(ahead.logprobs).toEqual([]);
      expect(ahead.content).toBe(byHost.content);
    }
  });

  it('goes on from what the KV cache holds, to the same text', async () => {
    const first = await collect(model.complete({ prompt, options: greedy }));
    const longer = `${prompt}${first.content} Then`;
    const second = await collect(model.complete({ prompt: longer, options: greedy }));
    expect(second.stats.cachedTokens).toBeGreaterThan(20);
    const fresh = await collect((await load(stories)).complete({ prompt: longer, options: greedy }));
    expect(fresh.stats.cachedTokens).toBe(0);
    expect(second.content).toBe(fresh.content);
    expect(second.stats.promptTokens).toBe(fresh.stats.promptTokens);
  });

  it('depends on the seed and on nothing else', async () => {
    const answers: string[] = [];
    for (const seed of [42, 43, 42]) {
      answers.push((await collect(model.complete({ prompt, options: { ...hot, seed } }))).content);
    }
    expect(answers[2]).toBe(answers[0]);
    expect(answers[1]).not.toBe(answers[0]);
  });

  it('ends before a stop string that begins and ends inside tokens, and never shows a part of it', async () => {
    const stop = ['tle gi'];
    const { deltas, content, done, stats } = await collect(
      model.complete({ prompt, options: { ...greedy, stop } }),
    );
    expect(content).toBe(text.slice(0, text.indexOf(stop[0])));
    expect(done).toBe('stop');
    expect(stats.tokens).toBeLessThan(24);
    expect(deltas.every(({ content }) => content !== '')).toBe(true);
  });

  it('drops what might have become a stop string where it ends at the limit', async () => {
    const numPredict = 8;
    const plain = await collect(model.complete({ prompt, options: { ...greedy, numPredict } }));
    const stop = [`${plain.content.slice(-3)}#`];
    const held = await collect(model.complete({ prompt, options: { ...greedy, numPredict, stop } }));
    expect(plain.content.startsWith(held.content)).toBe(true);
    expect(held.content.length).toBeLessThan(plain.content.length);
    expect(held.done).toBe('length');
  });

  it('is refused with a penalty that divides by nothing', async () => {
    const options = { ...greedy, repeatPenalty: 0 };
    await expect(collect(model.complete({ prompt, options }))).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('penalty_repeat must be finite and greater than 0'),
    });
  });

  it('repeats less with a penalty', async () => {
    const options = { ...greedy, repeatPenalty: 1.5, numPredict: 60 };
    const plain = await collect(model.complete({ prompt, options: { ...options, repeatPenalty: 1 } }));
    const { content } = await collect(model.complete({ prompt, options }));
    const distinct = (text: string) => new Set(model.tokenize(text)).size;
    expect(distinct(content)).toBeGreaterThan(distinct(plain.content));
  });

  it('tells the probabilities of the unmodified logits, one delta per token', async () => {
    const options = { ...hot, topK: 1, temperature: 0.2, presencePenalty: 1, numPredict: 6 };
    const { deltas, logprobs, content } = await collect(model.complete({ prompt, options, topLogprobs: 3 }));
    expect(deltas.slice(0, -1).every(({ logprobs }) => logprobs?.length === 1)).toBe(true);
    expect(logprobs.map(({ token }) => token).join('')).toBe(content);
    for (const [i, { token, bytes, logprob, top_logprobs: top }] of logprobs.slice(0, 4).entries()) {
      expect(bytes).toEqual([...new TextEncoder().encode(token)]);
      expect(top).toHaveLength(3);
      expect(top![0].logprob).toBe(logprob);
      const { p } = golden.steps[i].top[0] as unknown as { p: number };
      expect(Math.exp(logprob)).toBeCloseTo(p, 4);
      expect(top!.map(({ logprob }) => logprob)).toEqual(
        top!.map(({ logprob }) => logprob).toSorted((a, b) => b - a),
      );
    }
  });

  it('goes past a full context by dropping half of what is not kept', async () => {
    const small = await load(stories, { contextLength: 32 });
    const { content, done, stats } = await collect(
      small.complete({ prompt, options: { ...greedy, numPredict: 70 } }),
    );
    const room = 32 - golden.promptTokens.length;
    expect(content.startsWith(small.detokenize(golden.generated.slice(0, room)))).toBe(true);
    expect([done, stats.tokens]).toEqual(['length', 70]);
    // as if someone had sent what was left as a prompt
    const cached = [...golden.promptTokens, ...golden.generated.slice(0, room)];
    const left = [...cached.slice(0, 5), ...cached.slice(5 + 13)];
    const wide = await load(stories);
    const after = await collect(
      wide.complete({ prompt: wide.detokenize(left).slice(1), options: { ...greedy, numPredict: 10 } }),
    );
    expect(wide.tokenize(wide.detokenize(left).slice(1))).toEqual(left.slice(1));
    expect(content).toContain(after.content);
    expect(content.indexOf(after.content)).toBe(small.detokenize(golden.generated.slice(0, room)).length);
  });

  it('ends with length where the context may not be shifted', async () => {
    const small = await load(stories, { contextLength: 16 });
    const { done, stats } = await collect(small.complete({ prompt, options: greedy, shift: false }));
    expect([done, stats.tokens]).toEqual(['length', 16 - golden.promptTokens.length]);
  });

  it('cuts a prompt beyond the context, or refuses it', async () => {
    const small = await load(stories, { contextLength: 16 });
    const long = { prompt: prompt.repeat(8), options: greedy };
    const { stats } = await collect(small.complete(long));
    expect(stats.promptTokens).toBe(16 - Math.floor((16 - 5) / 2));
    await expect(collect(small.complete({ ...long, truncate: false }))).rejects.toMatchObject({
      status: 400,
    });
    await expect(collect(small.complete({ ...long, shift: false }))).rejects.toMatchObject({ status: 400 });
  });

  it.each(['greedy', 'sampled'])(
    'stops at an abort with its reason, and the next is unharmed: %s',
    async way => {
      const options = way === 'greedy' ? greedy : hot;
      const stop = new AbortController();
      const seen: unknown[] = [];
      const aborted = async () => {
        for await (const delta of model.complete({ prompt, options }, stop.signal)) {
          if (seen.push(delta) === 3) stop.abort('enough');
        }
      };
      await expect(aborted()).rejects.toBe('enough');
      expect(seen).toHaveLength(3);
      const fresh = await collect((await load(stories)).complete({ prompt, options }));
      expect((await collect(model.complete({ prompt, options }))).content).toBe(fresh.content);
    },
  );

  it('does not start when it is aborted before', async () => {
    const answer = collect(model.complete({ prompt, options: greedy }, AbortSignal.abort('early')));
    await expect(answer).rejects.toBe('early');
  });

  it('is as ever after one of which nobody wanted the rest', async () => {
    for await (const _ of model.complete({ prompt, options: greedy })) break;
    const { content } = await collect(model.complete({ prompt, options: greedy }));
    expect(text.startsWith(content)).toBe(true);
  });
});

describe('a chat', () => {
  const chatOf = (
    pieces: readonly string[],
    template: string | undefined = parrotTemplate,
    contextLength = 128,
  ) =>
    load(createParrot(pieces, template === undefined ? {} : { 'tokenizer.chat_template': template }), {
      contextLength,
    });
  const user = (content: string): Message => ({ role: 'user', content });

  it('answers what the model says, up to the end of its turn', async () => {
    const model = await chatOf(['Hello', ' there', '!']);
    const { content, done, stats } = await collect(model.chat({ messages: [user('Hi')], options: greedy }));
    expect(content).toBe('Hello there!');
    expect(done).toBe('stop');
    expect(stats.tokens).toBe(4);
  });

  it('never shows half a character, and drops one that is not finished', async () => {
    const model = await chatOf(['a', '<0xE2>', '<0x82>', '<0xAC>', 'b', '<0xF0>']);
    const { content, deltas } = await collect(model.chat({ messages: [user('Hi')], options: greedy }));
    expect(content).toBe('a€b');
    expect(deltas.map(({ content }) => content)).toEqual(['a', '€', 'b', undefined]);
  });

  it('separates thinking from content, with logprobs one delta per token', async () => {
    const template = `{% if enable_thinking %}{% endif %}${parrotTemplate}{# <think> </think> #}`;
    const model = await chatOf(['<think>', 'so', ' so', '</think>', 'Yes', '.'], template);
    const request = { messages: [user('Hi')], options: greedy, think: true };
    const { content, thinking } = await collect(model.chat(request));
    expect([thinking, content]).toEqual(['so so', 'Yes.']);
    const complete = await collect(model.complete({ prompt: model.render(request), options: greedy }));
    expect(complete.content).toBe('<think>so so</think>Yes.');
    const { logprobs, deltas } = await collect(model.chat({ ...request, topLogprobs: 0 }));
    expect(logprobs).toHaveLength(6);
    expect(deltas).toHaveLength(7);
  });

  it('begins inside the thinking where the prompt opens it', async () => {
    const script = ['so', '</think>', 'Yes'];
    const opening = '{% if true %}<think>{% endif %}';
    const file = createParrot(
      script,
      { 'tokenizer.chat_template': `${parrotTemplate}${opening}{# </think> #}` },
      '<think>',
    );
    const model = await load(file);
    const answer = await collect(model.chat({ messages: [user('Hi')], options: greedy }));
    expect([answer.thinking, answer.content]).toEqual(['so', 'Yes']);
  });

  it('tells the probability of each text that it says, be it more or less than a token', async () => {
    const model = await chatOf(['one ', 'two ', 'three ', 'four', '<0xE2>', '<0x82>', '<0xAC>']);
    const tokens = async (stop: readonly string[]) => {
      const request = { messages: [user('Hi')], options: { ...greedy, stop }, topLogprobs: 0 };
      const { logprobs, deltas } = await collect(model.chat(request));
      expect(deltas).toHaveLength(logprobs.length + 1);
      for (const { token, bytes } of logprobs) expect(bytes).toEqual([...new TextEncoder().encode(token)]);
      return logprobs.map(({ token }) => token);
    };
    expect(await tokens([])).toEqual(['one ', 'two ', 'three ', 'four', '€']);
    expect(await tokens(['o tX'])).toEqual(['one ', 'two three ', 'four', '€']);
    expect(await tokens(['o t'])).toEqual(['one ', 'tw']);
    expect(await tokens(['two '])).toEqual(['one ']);
    expect(await tokens(['€ '])).toEqual(['one ', 'two ', 'three ', 'four', '€']);
  });

  it('ends before its first token where an empty text is to stop it', async () => {
    const model = await chatOf(['ok']);
    const { content, done, stats } = await collect(
      model.chat({ messages: [user('Hi')], options: { ...greedy, stop: [''] } }),
    );
    expect([content, done, stats.tokens]).toEqual(['', 'stop', 1]);
  });

  it('lists alternatives without a text as empty, without bytes', async () => {
    const model = await chatOf(['ok']);
    const request = { messages: [user('Hi')], options: greedy, topLogprobs: 2 };
    const [{ token, top_logprobs: top }] = (await collect(model.chat(request))).logprobs;
    expect(token).toBe('ok');
    expect(top![1].token).toBe('');
    expect(top![1]).not.toHaveProperty('bytes');
  });

  it('drops the oldest messages that do not fit, but no system message', async () => {
    const model = await chatOf(['ok'], parrotTemplate, 48);
    const messages: Message[] = [
      user('first question'),
      { role: 'system', content: 'be brief' },
      { role: 'assistant', content: 'first answer' },
      user('second question'),
    ];
    const all = messages.map(({ role, content }) => `${role}: ${content}\n`);
    expect(model.render({ messages, truncate: false })).toBe(`${all.join('')}<go>`);
    expect(model.render({ messages })).toBe(`${all[1]}${all[3]}<go>`);
    const tiny = await chatOf(['ok'], parrotTemplate, 8);
    expect(tiny.render({ messages })).toBe(`${all[1]}${all[3]}<go>`);
    const whole = `${all.join('')}<go>`;
    const length = model.tokenize(whole, true).length; // without the BOS that comes before it
    expect((await chatOf(['ok'], parrotTemplate, length)).render({ messages })).toBe(whole);
    expect((await chatOf(['ok'], parrotTemplate, length - 1)).render({ messages })).not.toBe(whole);
  });

  it('does not say the beginning of the text twice', async () => {
    const model = await chatOf(['ok'], `{{ bos_token }}${parrotTemplate}`);
    const rendered = model.render({ messages: [user('Hi')] });
    expect(rendered).toBe('user: Hi\n<go>');
    expect(model.tokenize(rendered, true)).not.toContain(1);
  });

  it('goes on with an answer that has begun, and shows tools as Ollama knows them', async () => {
    const template =
      '{% if tools %}{{ tools | tojson }}\n{% endif %}{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}>';
    const model = await chatOf(['ok'], template);
    const begun = [user('Hi'), { role: 'assistant', content: 'Well' }];
    expect(model.render({ messages: begun })).toBe('user: Hi;>Well');
    const call = { function: { name: 'f', arguments: {} } };
    for (const [end, message] of [
      [[begun[1], begun[1]], 'Cannot have 2 or more assistant messages at the end of the list.'],
      [
        [{ ...begun[1], tool_calls: [call] }],
        'Cannot continue an assistant message that contains tool calls.',
      ],
    ] as const) {
      const error = { error: { code: 400, message, type: 'invalid_request_error' } };
      expect(() => model.render({ messages: [user('Hi'), ...end] })).toThrow(
        expect.objectContaining({ status: 400, message: JSON.stringify(error) }),
      );
    }
    const properties = { city: { default: 1, description: 'x', type: ['string'], minLength: 2 } };
    const parameters = { properties, type: 'object', required: [], additionalProperties: false };
    const inner = { parameters: { properties: { a: { properties: {} } } }, name: 'g' };
    const tools = [
      { function: { parameters, name: 'f' }, type: 'function', items: 1 },
      { function: inner, type: 'function' },
      { function: { name: null, parameters: { $defs: {}, items: '' } }, type: 'function' },
    ];
    expect(model.render({ messages: [user('Hi')], tools })).toBe(
      '[{"type": "function", "function": {"name": "f", "description": "", "parameters": {"type": "object", ' +
        '"properties": {"city": {"type": "string", "description": "x"}}}}}, ' +
        '{"type": "function", "function": {"name": "g", "description": "", "parameters": {"type": "", ' +
        '"properties": {"a": {"properties": {}}}}}}, ' +
        '{"type": "function", "function": {"name": "", "description": "", "parameters": {"type": "", ' +
        '"$defs": {}, "items": "", "properties": null}}}]\nuser: Hi;>',
    );
  });

  it('finds a place for what a developer says, and for a system text where a Jinja template has none', async () => {
    const said = (role: string) => [{ role, content: 'Be brief.' }, user('Hi')];
    const each = '{% for m in messages %}{{ m.role }}: {{ m.content }};{% endfor %}>';
    const model = await chatOf(['ok'], each);
    expect(model.render({ messages: said('developer') })).toBe('system: Be brief.;user: Hi;>');
    const harmony = await chatOf(['ok'], `{# <|channel|> #}${each}`);
    expect(harmony.render({ messages: said('developer') })).toBe('developer: Be brief.;user: Hi;>');
    for (const refusal of ['{{ raise_exception("no system") }}', '']) {
      const other = await chatOf(
        ['ok'],
        `{% for m in messages %}{% if m.role == 'system' %}${refusal}{% else %}{{ m.role }}: {{ m.content }};{% endif %}{% endfor %}>`,
      );
      for (const role of ['system', 'developer']) {
        expect(other.render({ messages: said(role) })).toBe('user: Be brief.\nHi;>');
      }
      expect(other.render({ messages: said('system').slice(0, 1) })).toBe('>');
    }
  });

  it('without a template is ChatML, a prompt is what was said', async () => {
    const model = await load(createParrot(['ok']));
    const said = [
      { role: 'system', content: 'x' },
      user('a'),
      user('b'),
      { role: 'assistant', content: 'c' },
    ];
    expect(model.render({ messages: [...said, user('d<go>')], isPrompt: true })).toBe('a\n\nbcd<go>');
    expect(model.render({ messages: said, isPrompt: true })).toBe('a\n\nbc');
    const chatMl = [
      '<|im_start|>system\nx<|im_end|>',
      '<|im_start|>user\na<|im_end|>',
      '<|im_start|>user\nb<|im_end|>',
      '<|im_start|>assistant\nc',
    ];
    expect(model.render({ messages: said })).toBe(chatMl.join('\n'));
    const { content } = await collect(
      model.chat({ messages: [user('d'), { role: 'assistant', content: 'yes <go>' }], options: greedy }),
    );
    expect(content).toBe('yes <go>ok');
  });

  describe('with a Go template', () => {
    const thinking =
      '{{ range .Messages }}{{ .Role }}: {{ if .Thinking }}[{{ .Thinking }}]{{ end }}{{ .Content }}\n{{ end }}<go>';

    it('goes through it, not through the Jinja template of the file', async () => {
      const file = createParrot(['ok'], { 'tokenizer.chat_template': parrotTemplate });
      const model = await load(file, { template: '{{ .System }}|{{ .Prompt }}<go>' });
      const messages = [{ role: 'system', content: 'S' }, user('Hi')];
      expect(model.render({ messages })).toBe('S|Hi<go>');
      expect((await collect(model.chat({ messages, options: greedy }))).content).toBe('ok');
    });

    it('separates what the template shows as thinking, if the model is to think', async () => {
      const model = await load(createParrot(['[', 'so', ']', '\n', 'Yes']), { template: thinking });
      const request = { messages: [user('Hi')], options: greedy, think: true };
      const chat = await collect(model.chat(request));
      expect([chat.thinking, chat.content]).toEqual(['so', 'Yes']);
      const { content } = await collect(model.chat({ ...request, think: false }));
      expect(content).toBe('[so]\nYes');
      const prompt = model.render(request);
      const complete = await collect(model.complete({ prompt, options: greedy, think: true }));
      expect([complete.thinking, complete.content]).toEqual(['so', 'Yes']);
      expect(complete.deltas.map(({ raw = '' }) => raw).join('')).toBe('[so]\nYes');
    });

    it('fills in the middle, and takes another template from the request', async () => {
      const template =
        '{{ if .Suffix }}<PRE>{{ .Prompt }}<SUF>{{ .Suffix }}<MID>{{ else }}{{ .Prompt }}{{ end }}';
      const model = await load(createParrot(['ok']), { template });
      const messages = [user('a')];
      expect(model.render({ messages, suffix: 'b' })).toBe('<PRE>a<SUF>b<MID>');
      expect(model.render({ messages })).toBe('a');
      expect(model.render({ messages, template: '<{{ .Prompt }}>' })).toBe('<a>');
      expect(() => model.render({ messages, template: '{{ .Prompt' })).toThrow(
        expect.objectContaining({ status: 500, message: 'template: :1: unclosed action' }),
      );
    });

    it('marks where pictures go', async () => {
      const model = await load(createParrot(['ok']), { template: '{{ .Prompt }}' });
      const images = ['aGk=', 'aGk='];
      const messages = [
        { ...user('a [img] b'), images },
        { role: 'assistant', content: 'c' },
        { ...user('d'), images },
      ];
      expect(model.render({ messages })).toBe('[img-1]a [img-0] bc[img-2][img-3]d');
      const system = { role: 'system', content: 's', images: ['eA=='] };
      const template = '{{ range .Messages }}{{ .Content }};{{ end }}';
      const small = await load(createParrot(['ok']), { template, contextLength: 4 });
      expect(small.render({ messages: [system, ...messages] })).toBe('s;[img-0][img-1]d;');
    });
  });

  it('is refused where Ollama has a program of its own for the prompts; a raw prompt is not', async () => {
    const config = { model_family: 'llama', renderer: 'qwen3-coder' };
    const model = await load(createParrot(['ok']), { config });
    const answer = collect(model.chat({ messages: [user('Hi')], options: greedy }));
    await expect(answer).rejects.toMatchObject({
      status: 501,
      message: expect.stringContaining('qwen3-coder'),
    });
    const raw = await collect(model.complete({ prompt: '<go>', raw: true, options: greedy }));
    expect(raw.content).toBe('ok');
    const unknown = await load(createParrot(['ok']), {
      template: '{{ .Prompt }}',
      config: { ...config, renderer: 'nope' },
    });
    expect(() => unknown.render({ messages: [user('Hi')] })).toThrow(
      expect.objectContaining({ status: 500, message: 'unknown renderer "nope"' }),
    );
  });

  it('is refused with the words of a template that fails', async () => {
    const model = await chatOf(['ok'], "{{ raise_exception('no such role') }}");
    const messages = [user('Hi')];
    expect(() => model.render({ messages })).toThrow(
      expect.objectContaining({ status: 500, message: expect.stringContaining('no such role') }),
    );
    const malformed = await chatOf(['ok'], '{% if %}');
    expect(() => malformed.render({ messages })).toThrow(expect.objectContaining({ status: 500 }));
  });
});

describe('a model', () => {
  it('ends its stream and says so when the device is lost', async () => {
    const { promise: lost, resolve: lose } = Promise.withResolvers<string>();
    const model = await load(stories, { change: runner => ({ ...runner, lost }) });
    const answer = async () => {
      for await (const _ of model.complete({ prompt, options: hot })) lose('the device was lost');
    };
    await expect(answer()).rejects.toMatchObject({ status: 500, message: 'the device was lost' });
    expect(await model.lost).toBe('the device was lost');
  });

  it('cannot be used after it was unloaded', async () => {
    const model = await load(stories);
    await model[Symbol.asyncDispose]();
    await expect(collect(model.complete({ prompt, options: greedy }))).rejects.toThrow('was unloaded');
  });

  it('gives the text of tokens back, and refuses tokens that it does not have', async () => {
    const model = await load(stories);
    expect(model.tokenize(prompt)).toEqual(golden.promptTokens.slice(1));
    expect(model.detokenize(golden.promptTokens)).toBe(` ${prompt}`);
    expect(model.detokenize(golden.promptTokens, true)).toBe(`<s> ${prompt}`);
    expect(() => model.detokenize([1, 512])).toThrow(expect.objectContaining({ status: 500 }));
    expect(() => model.detokenize([-1])).toThrow(expect.objectContaining({ status: 500 }));
  });

  it('of an unknown architecture is not supported, and the refusal names it', async () => {
    const metadata = new Map(stories.gguf.metadata).set('general.architecture', 'mamba');
    const info = {
      name: 'm',
      digest: 'sha256:0',
      weights: stories.weights,
      gguf: { ...stories.gguf, metadata },
    };
    const engine = createReferenceEngine();
    expect(engine.supports(info)).toBe(false);
    expect(engine.supports({ ...info, gguf: stories.gguf })).toBe(true);
    const refusal = { status: 500, message: expect.stringContaining("unknown model architecture: 'mamba'") };
    await expect(engine.load(info, { contextLength: 64 })).rejects.toMatchObject(refusal);
    expect(() => engine.estimate(info, { contextLength: 64 })).toThrow(expect.objectContaining(refusal));
  });

  it('with fewer tokens than rows of embeddings is refused', async () => {
    const tokens = ['<unk>', '<s>', '</s>'];
    await expect(load(createParrot(['ok'], { 'tokenizer.ggml.tokens': tokens }))).rejects.toMatchObject({
      status: 500,
    });
  });
});
