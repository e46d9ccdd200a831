import { expect, test } from 'vitest';
import { createJinjaTemplate, TemplateError } from '../index.ts';

const setLong =
  "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(17) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}";
const nest = (levels: number, inner: string, source: string) =>
  `{% set ns = namespace(a=${inner}) %}{% for i in range(${levels}) %}{% set ns.a = ${source} %}{% endfor %}`;

// A template comes with a downloaded file. Each of these would run for minutes or take gigabytes where nothing bounds it.
test.each<[name: string, source: string]>([
  ['a huge range', '{% for i in range(10**9) %}{% endfor %}'],
  ['an endless range', '{% for i in range(10**300) %}{% endfor %}'],
  ['nested loops', '{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}'],
  ['nested loops with a body', `${'{% for a in range(999) %}'.repeat(5)}x${'{% endfor %}'.repeat(5)}`],
  [
    'a filtered loop',
    '{% for a in range(9999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}',
  ],
  [
    'a text that doubles',
    "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
  ],
  [
    'a text that doubles by +',
    "{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
  ],
  ['output without end', `${setLong}{% for i in range(9999) %}{{ ns.s }}{% endfor %}`],
  [
    'a list that doubles',
    '{% set ns = namespace(a=[1]) %}{% for i in range(99) %}{% set ns.a = ns.a + ns.a %}{% endfor %}',
  ],
  ['a list that holds itself many times over', nest(40, '[1]', '[ns.a, ns.a, ns.a]')],
  ['a tuple that holds itself many times over', nest(40, '(1,1)', '(ns.a, ns.a)')],
  ['a mapping that holds itself many times over', nest(40, '{}', "{'a': ns.a, 'b': ns.a}")],
  ['a namespace in itself', '{% set ns = namespace() %}{% set ns.ns = ns %}{{ ns }}'],
  ['a namespace in a list in itself', '{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}'],
  ['a namespace of a namespace', '{% set a = namespace() %}{% set b = namespace(a=a) %}{{ b }}'],
  ['replace that multiplies', `${setLong}{{ ns.s.replace('a', ns.s) }}`],
  ['replace as a filter', `${setLong}{{ ns.s | replace('a', ns.s) }}`],
  ['replace taken off its text', `${setLong}{% set f = ns.s['replace'] %}{{ f('a', ns.s) }}`],
  ['replace of nothing', `${setLong}{{ ns.s.replace('', ns.s) }}`],
  ['format that multiplies', `${setLong}{{ ns.s.replace('a', '{0}').format(ns.s) }}`],
  ['join that multiplies', `${setLong}{{ range(9999) | join(ns.s) }}`],
  ['indent far out', "{{ 'a\\nb' | indent(10**9) }}"],
  ['indent of many lines', `${setLong}{{ ns.s | replace('a', '\\n') | indent(9999, true, true) }}`],
  ['JSON far out', '{{ [1] | tojson(indent=10**9) }}'],
  [
    'JSON deep and far out',
    `${nest(300, '[]', '[ns.a, ns.a] if i < 5 else [ns.a]')}{{ ns.a | tojson(indent=99999) }}`,
  ],
  ['JSON of long separators', `${setLong}{{ range(9999) | list | tojson(separators=(ns.s, ns.s)) }}`],
  [
    'a needle as long as the hay',
    `${setLong}{% for i in range(9999) %}{{ (ns.s[:500000] ~ 'b') in ns.s }}{% endfor %}`,
  ],
  [
    'a separator as long as the text',
    `${setLong}{% for i in range(9999) %}{{ ns.s.split(ns.s[:500000] ~ 'b') }}{% endfor %}`,
  ],
  ['split into millions', `${setLong}{{ ns.s.split('a') | length }}`],
  [
    'slices of a long text',
    `${setLong}{% for i in range(99999) %}{% if ns.s[:1] == 'b' %}{% endif %}{% endfor %}`,
  ],
  [
    'filters on a long text',
    `${setLong}{% for i in range(99999) %}{% if ns.s | upper | length == 1 %}{% endif %}{% endfor %}`,
  ],
  [
    'methods of a long text',
    `${setLong}{% for i in range(99999) %}{% if ns.s.lower().startswith('b') %}{% endif %}{% endfor %}`,
  ],
  [
    'comparing long lists',
    '{% set a = range(90000) | list %}{% set b = range(90000) | list %}{% for i in range(99999) %}{% if a != b or -1 in a %}{% endif %}{% endfor %}',
  ],
  [
    'sorting over and over',
    '{% set a = range(90000) | list %}{% for i in range(99999) %}{% if a | sort | length == 1 %}{% endif %}{% endfor %}',
  ],
  ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
  [
    'a macro that calls itself twice',
    '{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}',
  ],
  [
    'macros that call each other',
    '{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}',
  ],
  [
    'a macro that doubles its output',
    "{% macro m(s) %}{{ s }}{{ s }}{% endmacro %}{% set ns = namespace(s='a') %}{% for i in range(99) %}{% set ns.s = m(ns.s) %}{% endfor %}",
  ],
  [
    'a call block that calls itself',
    '{% macro m() %}{{ caller() }}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{% call m() %}x{% endcall %}',
  ],
  ['deep expressions', `{{ ${'-'.repeat(50_000)}1 }}`],
  ['deep blocks', `${'{% if true %}'.repeat(9000)}x${'{% endif %}'.repeat(9000)}`],
  ['blanks before a tag', `${'\n\n \n'.repeat(60_000)}{% generation %}`],
  ['a range without bounds', '{{ range() }}'],
  ['a range of a text', "{{ range('9') }}"],
  ['unpacking for a filter', "{{ 'a' | replace(*['a', 'b']) }}"],
])('%s is refused within seconds', (_, source) => {
  const before = process.cpuUsage();
  expect(() => createJinjaTemplate(source, {}).render({ messages: [] })).toThrow(TemplateError);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(5);
});

test('a chat of a thousand long messages is not hostile', () => {
  const template = createJinjaTemplate(
    "{% for m in messages %}{% if loop.first or messages[loop.index0 - 1].role != m.role %}{{ m.role | upper }}: {{ m.content | trim }}{% endif %}{{ '\\n' }}{% endfor %}",
    {},
  );
  const messages = Array.from({ length: 1000 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: 'word '.repeat(200),
  }));
  expect(template.render({ messages }).length).toBeGreaterThan(999_000);
});
