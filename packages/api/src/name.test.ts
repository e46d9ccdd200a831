import { expect, test } from 'vitest';
import { displayName, fullName, modelSource, parseModelName, sameName } from './name.ts';

const parse = (text: string) => {
  const name = parseModelName(text);
  return name && fullName(name);
};

test('missing parts get their defaults', () => {
  expect(parse('llama3.2')).toBe('registry.ollama.ai/library/llama3.2:latest');
  expect(parse('smollm2:135m')).toBe('registry.ollama.ai/library/smollm2:135m');
  expect(parse('a/b')).toBe('registry.ollama.ai/a/b:latest');
  expect(parse('hf.co/bartowski/Llama-3.2-1B-GGUF:Q4_K_M')).toBe('hf.co/bartowski/Llama-3.2-1B-GGUF:Q4_K_M');
});

test('a host may have a port, and a scheme before it is dropped', () => {
  expect(parse('localhost:5000/ns/m')).toBe('localhost:5000/ns/m:latest');
  expect(parse('localhost:5000/ns/m:t')).toBe('localhost:5000/ns/m:t');
  expect(parse('http://localhost:5000/ns/m:t')).toBe('localhost:5000/ns/m:t');
  expect(parse('https://example.com/ns/m')).toBe('example.com/ns/m:latest');
});

test.each([
  '',
  ' ',
  ':t',
  'mm:',
  '/mm',
  'mm/',
  'a//b',
  'h//m',
  'a/b/c/d',
  '/ns/m',
  '://ns/m',
  'http://m',
  'http://host/m',
  'm@sha256:00',
  'mm:t:u',
  '.m',
  '-m',
  'm:-t',
  'n.s/m',
  'm m',
  'mödel',
  'm\n',
  `${'m'.repeat(81)}`,
  `m:${'t'.repeat(81)}`,
  `${'h'.repeat(351)}/n/m`,
])('%j is no name', text => {
  expect(parseModelName(text)).toBeUndefined();
});

test('the longest parts are names', () => {
  const text = `${'h'.repeat(350)}/${'n'.repeat(80)}/${'m'.repeat(80)}:${'t'.repeat(80)}`;
  expect(parse(text)).toBe(text);
});

test.each([
  ['llama3.2', 'llama3.2:latest'],
  ['library/llama3.2:1b', 'llama3.2:1b'],
  ['registry.ollama.ai/library/x', 'x:latest'],
  ['Registry.Ollama.AI/Library/X', 'X:latest'],
  ['mike/x', 'mike/x:latest'],
  ['hf.co/library/x:t', 'hf.co/library/x:t'],
])('%s is shown as %s', (text, shown) => {
  expect(displayName(parseModelName(text)!)).toBe(shown);
});

test('names are the same without regard to case, and parts are not confused', () => {
  const same = (a: string, b: string) => sameName(parseModelName(a)!, parseModelName(b)!);
  expect(same('LLAMA3.2', 'llama3.2:Latest')).toBe(true);
  expect(same('Library/foo', 'foo')).toBe(true);
  expect(same('foo:a', 'foo:b')).toBe(false);
  expect(same('a/foo', 'b/foo')).toBe(false);
});

test('the mark of a source is taken off the name', () => {
  expect(modelSource(' qwen3:8b:LOCAL ')).toEqual({ base: 'qwen3:8b', source: 'local' });
  expect(modelSource('qwen3:cloud')).toEqual({ base: 'qwen3', source: 'cloud' });
  expect(modelSource('gpt-oss:20b-cloud')).toEqual({ base: 'gpt-oss:20b', source: 'cloud' });
  expect(modelSource(' qwen3:8b')).toEqual({ base: 'qwen3:8b' });
  expect(modelSource('my-cloud')).toEqual({ base: 'my-cloud' });
  expect(modelSource('host:80/ns/my-cloud')).toEqual({ base: 'host:80/ns/my-cloud' });
});

test('two marks of a source are refused in the words of Ollama', () => {
  expect(() => modelSource('foo:cloud:local')).toThrow(
    expect.objectContaining({
      status: 400,
      message: 'use either :local or :cloud, not both: "foo:cloud:local"',
    }),
  );
});
