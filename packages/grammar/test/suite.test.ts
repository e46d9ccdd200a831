import { expect, it } from 'vitest';
import { DRAFTS, judge, type Verdict } from './suite.ts';

const verdicts = DRAFTS.flatMap(judge);
const name = ({ file, group }: Verdict): string => `${file}: ${group}`;

/** What content encodes is an annotation here, as it is from 2019-09 on; draft 7 leaves the choice. */
const CONTENT = [
  'an invalid JSON document',
  'an invalid base64 string (% is not a valid character)',
  'a validly-encoded invalid JSON document',
  'an invalid base64 string that is valid JSON',
];

it('lets no invalid instance of the official test suite through', () => {
  const found = verdicts.flatMap(verdict => verdict.letThrough.map(test => `${name(verdict)}: ${test}`));
  expect(found.filter(test => !CONTENT.some(known => test.endsWith(known)))).toEqual([]);
  expect(found.filter(test => !test.startsWith('optional/content: '))).toEqual([]);
});

it('names the place and the keyword of everything that it refuses', () => {
  for (const { refused, ...verdict } of verdicts) {
    if (!refused) continue;
    expect(refused.keyword, name(verdict)).not.toBe('');
    expect(refused.message).toContain(`(at "${refused.pointer || '/'}", keyword "${refused.keyword}")`);
  }
});

it('refuses and keeps out what the docs list, and nothing else', async () => {
  const enforced = verdicts.filter(({ refused }) => !refused).length;
  const refused = rows(
    verdicts.filter(verdict => verdict.refused),
    ({ refused }) => `\`${refused!.keyword}\`: ${reason(refused!.message)}`,
  );
  const kept = rows(
    verdicts.filter(({ file, kept }) => kept.length > 0 && file !== 'format' && file !== 'vocabulary'),
    ({ kept }) => kept.join('; '),
  );
  const document = [
    '# What structured outputs refuse of the official test suite',
    '',
    'Written by `vitest run packages/grammar/test/suite.test.ts -u`; the test fails where this is not what the engine does.',
    '',
    `Of ${verdicts.length} groups of the JSON-Schema-Test-Suite (drafts 4 to 2020-12, optional ones included), ${enforced} are enforced and`,
    `${verdicts.length - enforced} refused with an error; of ${enforced} enforced ones, no invalid instance is let through (the optional assertion of`,
    '`contentMediaType` and `contentEncoding` in draft 7 aside: they are annotations). `format` is always asserted, and a `$schema`',
    'that names no draft is read as 2020-12 with all its keywords.',
    '',
    '## Refused',
    '',
    '| file | group | drafts | keyword and reason |',
    '|---|---|---|---|',
    ...refused,
    '',
    '## Enforced, but some valid texts are not offered',
    '',
    'Numbers have limits of length, and of languages that are not regular, or too large, a part is offered. What stands beside `$ref` is',
    'enforced in drafts 4 to 7 too, as Ajv does and whoever writes it there means it: what is let through is valid however that is read.',
    '',
    '| file | group | drafts | valid instances that are kept out |',
    '|---|---|---|---|',
    ...kept,
    '',
  ].join('\n');
  await expect(document).toMatchFileSnapshot('../../../docs/structured-outputs-refused.md');
});

/** One row for a group with the same answer in several drafts. */
function rows(list: readonly Verdict[], answer: (verdict: Verdict) => string): readonly string[] {
  const drafts = new Map<string, string[]>();
  for (const verdict of list) {
    const key = `| ${verdict.file} | ${cell(verdict.group)} | … | ${cell(answer(verdict))} |`;
    drafts.set(key, [...(drafts.get(key) ?? []), verdict.draft.slice(5)]);
  }
  return [...drafts].map(([row, names]) => row.replace('…', names.join(', '))).sort();
}

const reason = (message: string): string =>
  message.replace(/ \(at .*$/, '').replace(/the reference ".*" leads/, 'the reference leads');
const cell = (text: string): string => text.replaceAll('|', '\\|');
