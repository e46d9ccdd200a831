import { expect, test } from 'vitest';
import { createGoTemplate, TemplateError } from '../index.ts';

const long = '{{ $s := "aaaaaaaaaaaaaaaa" }}{{ range 15 }}{{ $s = print $s $s }}{{ end }}';

// A template comes with a downloaded file. Each of these would run for minutes or take gigabytes where nothing bounds it.
test.each<[name: string, source: string]>([
  ['a long range', '{{ range 9000000000 }}{{ end }}'],
  ['nested ranges', `${'{{ range 999 }}'.repeat(6)}x${'{{ end }}'.repeat(6)}`],
  ['a text that doubles', '{{ $s := "a" }}{{ range 99 }}{{ $s = print $s $s }}{{ end }}'],
  ['a text that doubles by printf', '{{ $s := "a" }}{{ range 99 }}{{ $s = printf "%s%s" $s $s }}{{ end }}'],
  [
    'a text printed many times at once',
    `${long}{{ printf "${'%[1]s%s'.repeat(9000)}"${' $s'.repeat(9000)} }}`,
  ],
  ['many texts at once', `${long}{{ print${' $s'.repeat(9000)} }}`],
  ['a wide column', '{{ printf "%999999999d" 1 }}'],
  [
    'a wide column by an argument',
    '{{ range 9 }}{{ printf "%*d%*d%*d" 1000000 1 1000000 1 1000000 1 }}{{ end }}',
  ],
  ['output without end', `${long}{{ range 9999 }}{{ $s }}{{ end }}`],
  ['a template that calls itself', '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}'],
  [
    'a template that calls itself twice',
    '{{ define "a" }}{{ if . }}{{ template "a" . }}{{ template "a" . }}{{ end }}{{ end }}{{ template "a" 1 }}',
  ],
  ['lengths of a long text', `${long}{{ range 99999 }}{{ if eq (len $s) 1 }}{{ end }}{{ end }}`],
  ['slices of a long text', `${long}{{ range 99999 }}{{ if eq (slice $s 9) "" }}{{ end }}{{ end }}`],
  ['escapes of a long text', `${long}{{ range 99999 }}{{ if eq (html $s) "" }}{{ end }}{{ end }}`],
  [
    'JSON of JSON',
    '{{ $s := "\\"" }}{{ range 99 }}{{ $s = json $s }}{{ end }}{{ range .Messages }}{{ end }}',
  ],
  ['deep branches', `${'{{ if true }}'.repeat(9000)}x${'{{ end }}'.repeat(9000)}`],
  ['deep branches by else', `{{ if true }}${'{{ else if true }}'.repeat(9000)}{{ end }}`],
  ['deep parentheses', `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`],
  ['a long chain of fields', `{{ .Messages${'.a'.repeat(90_000)} }}`],
  ['a source that is too long', 'x'.repeat(300_000)],
])('%s is refused within seconds', (_, source) => {
  const before = process.cpuUsage();
  expect(() => createGoTemplate(source).render({ messages: [] })).toThrow(TemplateError);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(5);
});

test('names of the language below have no meaning', () => {
  const render = (source: string) =>
    createGoTemplate(`${source}{{ range .Messages }}{{ end }}`).render({ messages: [] });
  expect(render('{{ .constructor }}{{ .__proto__ }}{{ index . "toString" }}')).toBe(
    '<no value><no value><no value>',
  );
  expect(() => render('{{ constructor }}')).toThrow('function "constructor" not defined');
});

test('a chat of a thousand long messages is not hostile', () => {
  const template = createGoTemplate(
    '{{ range $i, $m := .Messages }}{{ $last := eq (len (slice $.Messages $i)) 1 }}{{ $m.Role }}: {{ $m.Content }}{{ if $last }}.{{ end }}\n{{ end }}',
  );
  const messages = Array.from({ length: 1000 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: 'word '.repeat(200),
  }));
  expect(template.render({ messages }).length).toBeGreaterThan(999_000);
});
