/** The official JSON-Schema-Test-Suite: what becomes of each of its groups. */
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { compileSchema, createMatcher, GrammarError } from '../src/index.ts';
import { bytesVocabulary } from './reading.ts';

interface Group {
  readonly description: string;
  /** JSON text, as the instances are: with `", "` and `": "`. */
  readonly schema: string;
  readonly tests: readonly (readonly [description: string, data: string, valid: boolean])[];
}

export interface Verdict {
  readonly draft: string;
  /** Path in the suite, such as `optional/format/date`. */
  readonly file: string;
  readonly group: string;
  readonly refused?: GrammarError;
  /** Descriptions of invalid instances that are let through. */
  readonly letThrough: readonly string[];
  /** Descriptions of valid instances, in whatever order of their properties, that are not let through. */
  readonly kept: readonly string[];
}

const DIALECTS: Record<string, string> = {
  draft4: 'http://json-schema.org/draft-04/schema#',
  draft6: 'http://json-schema.org/draft-06/schema#',
  draft7: 'http://json-schema.org/draft-07/schema#',
  'draft2019-09': 'https://json-schema.org/draft/2019-09/schema',
  'draft2020-12': 'https://json-schema.org/draft/2020-12/schema',
};
export const DRAFTS = Object.keys(DIALECTS);

const source = new URL('../../../fixtures/json-schema-test-suite/tests.json.br', import.meta.url);
const suite = JSON.parse(brotliDecompressSync(readFileSync(source)).toString()) as Record<
  string,
  Record<string, readonly Group[]>
>;

export function judge(draft: string): readonly Verdict[] {
  return Object.entries(suite[draft]).flatMap(([file, groups]) =>
    groups.map(group => ({ draft, file, group: group.description, ...verdict(group, draft) })),
  );
}

function verdict({ schema, tests }: Group, draft: string): Pick<Verdict, 'refused' | 'letThrough' | 'kept'> {
  let grammar: ReturnType<typeof compileSchema>;
  try {
    grammar = compileSchema(inDialect(schema, draft), { anyOrder: true });
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    // Where no instance is valid, that is the right answer.
    const right = error.code === 'unsatisfiable' && !tests.some(([, , valid]) => valid);
    return { refused: right ? undefined : error, letThrough: [], kept: [] };
  }
  const wrong = (expected: boolean): readonly string[] =>
    tests
      .filter(([, data, valid]) => valid === expected && passes(data) !== expected)
      .map(([description]) => description);
  const passes = (text: string): boolean => {
    const matcher = createMatcher(grammar, bytesVocabulary);
    return new TextEncoder().encode(text).every(byte => matcher.accept(byte)) && matcher.isComplete();
  };
  return { letThrough: wrong(false), kept: wrong(true) };
}

/** The drafts before 2019-09 leave `$schema` out. */
function inDialect(schema: string, draft: string): string {
  if (!schema.startsWith('{') || schema.includes('"$schema"')) return schema;
  return `{"$schema": "${DIALECTS[draft]}"${schema === '{}' ? '' : ', '}${schema.slice(1)}`;
}
