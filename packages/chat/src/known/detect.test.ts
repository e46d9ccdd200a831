import { describe, expect, test } from 'vitest';
import { chatTemplates } from '../../test/fixtures.ts';
import { createGoTemplate } from '../index.ts';
import { detectTemplate } from './detect.ts';
import templates from './known-templates.json' with { type: 'json' };

test.each(templates)(
  '$name: its own texts are known, and its template parses',
  ({ name, jinja, template }) => {
    for (const text of jinja) expect(detectTemplate(text, templates)?.template).toBe(template);
    expect(
      createGoTemplate(template).render({ messages: [{ role: 'user', content: 'Hi' }] }),
      name,
    ).toContain('Hi');
  },
);

describe('what is near is known', () => {
  const [text] = templates[0].jinja;
  test('up to 99 changes', () => {
    expect(detectTemplate(text + 'x'.repeat(99), templates)?.name).toBe('chatml');
    expect(detectTemplate(text + 'x'.repeat(100), templates)).toBeUndefined();
    expect(detectTemplate(text.slice(99), templates)?.name).toBe('chatml');
    expect(detectTemplate('🐶'.repeat(99) + text, templates)?.name).toBe('chatml');
  });

  test('of the templates of real models, these', () => {
    const known = Object.entries(chatTemplates.templates).map(([name, { source }]) => [
      name,
      detectTemplate(source, templates)?.name,
    ]);
    expect(Object.fromEntries(known.filter(([, name]) => name))).toEqual({
      'SmolLM2-135M-Instruct': 'chatml',
      'google-gemma-2-2b-it': 'gemma-instruct',
      'meta-llama-Llama-3.1-8B-Instruct': 'llama3-instruct',
      'meta-llama-Llama-3.3-70B-Instruct': 'llama3-instruct',
    });
  });
});

test('a text of the greatest length is judged within seconds', () => {
  const before = process.cpuUsage();
  expect(detectTemplate('{{ x }}'.repeat(660), templates)).toBeUndefined();
  expect(detectTemplate('x'.repeat(1 << 20), templates)).toBeUndefined();
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(5);
});
