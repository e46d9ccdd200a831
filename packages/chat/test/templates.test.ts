import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createJinjaTemplate, TemplateError } from '../src/index.ts';
import { chatTemplates, smollm2 } from './fixtures.ts';

beforeAll(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(chatTemplates.clock) });
});
afterAll(() => {
  vi.useRealTimers();
});

describe.each(Object.entries(chatTemplates.templates))(
  '%s gives the text that Jinja2 gives',
  (_, { source, expected }) => {
    const template = createJinjaTemplate(source, { bos: '<s>', eos: '</s>' });
    test.each(Object.entries(expected))('%s', (name, text) => {
      const render = () => template.render(chatTemplates.requests[name]);
      if (text === null) expect(render).toThrow(TemplateError);
      else expect(render()).toBe(text);
    });
  },
);

test('chats with SmolLM2 become the prompts of the golden file, its own system message included', () => {
  const template = createJinjaTemplate(chatTemplates.templates['SmolLM2-135M-Instruct'].source, {});
  const chats = smollm2.prompts.filter(prompt => prompt.messages);
  expect(chats.length).toBeGreaterThan(5);
  for (const { messages, prompt } of chats) expect(template.render({ messages: messages! })).toBe(prompt);
});
