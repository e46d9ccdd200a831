/** Calls drawn token by token from all that their bounds allow, over a real vocabulary, and read by the parser of their format. */
import { chooseTemplate, createOutputParser, type ParsedCall } from '@tabllama/chat';
import * as grammar from '@tabllama/grammar';
import { createTokenizer } from '@tabllama/tokenizer';
import Ajv from 'ajv/dist/2020.js';
import { beforeAll, expect, it } from 'vitest';
import { readMetadata } from '../../tokenizer/test/fixtures.ts';
import { callBoundsOf } from '../src/bounds.ts';
import type { ModelTokens } from '../src/vocabulary.ts';

const text = { type: 'string', maxLength: 8 };
const pair = {
  type: 'object',
  properties: { 'a-b': { type: 'integer' }, c: { type: ['string', 'null'], maxLength: 6 } },
  required: ['a-b'],
};
const parameters: Readonly<Record<string, object>> = {
  get: {
    type: 'object',
    properties: {
      key: { type: 'string', pattern: '^[a-c "<\\n]{1,6}$' },
      'max-price': { type: 'number', minimum: -3, exclusiveMaximum: 2000 },
      mode: { enum: ['fast', 'null', 'a\nb', 12, true, null] },
      flag: { type: 'boolean' },
    },
    required: ['key', 'mode'],
  },
  get_more: {
    type: 'object',
    properties: {
      note: text,
      count: { anyOf: [{ type: 'integer', minimum: 1, maximum: 90 }, { type: 'null' }] },
      either: { type: ['string', 'integer', 'boolean'], maxLength: 5, minimum: 0 },
      tags: { type: 'array', items: text, maxItems: 3, uniqueItems: true },
      where: { $ref: '#/$defs/pair' },
      deep: {
        type: 'array',
        items: {
          type: ['array', 'object'],
          maxItems: 2,
          maxProperties: 1,
          items: pair,
          propertyNames: { maxLength: 4 },
        },
      },
      kind: { const: 'x' },
    },
    required: ['count', 'where'],
    dependentRequired: { tags: ['note'] },
    $defs: { pair },
  },
  numbers: {
    type: 'object',
    additionalProperties: { type: 'integer' },
    minProperties: 1,
    maxProperties: 3,
    propertyNames: { maxLength: 5 },
  },
  nothing: { type: 'object', properties: {} },
};
const tools = Object.entries(parameters).map(([name, schema]) => ({
  type: 'function',
  function: { name, parameters: schema },
}));
const ajv = new Ajv({ strict: false });
const isValid = Object.fromEntries(
  Object.entries(parameters).map(([name, schema]) => [name, ajv.compile(schema)]),
);

interface Family {
  /** What a Jinja template shows, or the name of a parser. */
  readonly jinja?: string;
  readonly parser?: string;
  /** What opens a call. */
  readonly opens: string;
}

const families: Readonly<Record<string, Family>> = {
  FunctionGemma: { jinja: '<start_function_call>', opens: '<start_function_call>' },
  'Gemma 4': { jinja: '<|tool_call>', opens: '<|tool_call>' },
  'Qwen3 Coder': { jinja: '<function= <parameter=', opens: 'ok <tool_call>' },
  "Qwen3 Coder, Ollama's": { parser: 'qwen3-coder', opens: '<tool_call>' },
  GLM: { jinja: '<arg_key>', opens: '<tool_call>' },
  LFM2: { parser: 'lfm2', opens: '<|tool_call_start|>' },
  'OLMo 3': { jinja: '<function_calls>', opens: '<function_calls>' },
  'MiniMax M2': { jinja: '<minimax:tool_call>', opens: '<minimax:tool_call>' },
  'Kimi K2': { jinja: '<|tool_calls_section_begin|>', opens: '<|tool_calls_section_begin|>' },
  'Command R': { jinja: 'Action: ```json', opens: 'Action:' },
  'Functionary 3.2': { jinja: '>>>all', opens: 'get_more\n' },
  Hermes: { jinja: '<tool_call>', opens: '<tool_call>' },
};

const parserOf = ({ jinja = '', parser }: Family) =>
  createOutputParser(chooseTemplate(parser ? { go: '{{ .Prompt }}', parser } : { jinja: `${jinja} tools` }), {
    prompt: '',
    tools,
  });

/** GPT-2's vocabulary, without marks, which are then text like any other, and with all of them as control tokens. */
let models: readonly (ModelTokens & { readonly isShort: readonly boolean[] })[];
beforeAll(async () => {
  const metadata = await readMetadata('fixtures/vocab/gpt-2.gguf.br');
  const list = (key: string) => [...(metadata.get(`tokenizer.ggml.${key}`) as Iterable<never>)];
  const all = new Set(Object.values(families).flatMap(family => parserOf(family).marks ?? []));
  models = [[], [...all]].map(marks => {
    const tokenizer = createTokenizer(
      new Map(metadata)
        .set('tokenizer.ggml.tokens', [...list('tokens'), ...marks] as never)
        .set('tokenizer.ggml.token_type', Int32Array.from([...list('token_type'), ...marks.map(() => 3)])),
    );
    const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
    const vocabulary = grammar.createVocabulary({
      size: tokenizer.vocabSize,
      bytesOf: id => (tokenizer.isText(id) ? tokenizer.bytesOf(id) : undefined),
      endIds: ids.filter(tokenizer.isEndOfGeneration),
    });
    return {
      tokenizer,
      vocabulary,
      grammar,
      isShort: ids.map(id => !tokenizer.isText(id) || tokenizer.bytesOf(id).length < 2),
    };
  });
}, 60_000);

/** Between 0 and 1. */
function dice(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

it.each(Object.entries(families))('whatever is drawn is a call that validates: %s', async (_, family) => {
  const { marks = [] } = parserOf(family);
  for (const model of models) {
    const { tokenizer, vocabulary, isShort } = model;
    const bits = new Uint32Array(Math.ceil(vocabulary.size / 32));
    const opened = parserOf(family);
    opened.push(family.opens);
    const bound = await callBoundsOf(opened, tools, model);
    const names = new Set<string>();
    for (let seed = 1; seed <= 5; seed++) {
      const draw = dice(seed * 7919);
      const parser = parserOf(family);
      parser.push(family.opens);
      const bounds = bound(opened.expected!);
      const decoder = tokenizer.decoder({ special: marks });
      let said = family.opens;
      const all: ParsedCall[] = [];
      const read = (piece: string) => {
        said += piece;
        all.push(...(parser.push(piece).calls ?? []));
      };
      for (let i = 0; bounds.mask(bits); i++) {
        const allowed: number[] = [];
        for (let id = 0; id < vocabulary.size; id++) if ((bits[id >> 5] >>> (id & 31)) & 1) allowed.push(id);
        expect(allowed.length, said).toBeGreaterThan(0);
        // long rows end by what is short
        const few = i > 40 ? allowed.filter(id => isShort[id]) : [];
        const from = few.length > 0 ? few : allowed;
        const token = from[Math.floor(draw() * from.length)];
        const other = Math.floor(draw() * vocabulary.size);
        const isAllowed = ((bits[other >> 5] >>> (other & 31)) & 1) === 1;
        expect(!isAllowed && bounds.accept(other), `${said}…${other}`).toBe(false);
        expect(bounds.accept(token), `${said}…${token}`).toBe(true);
        if (tokenizer.isEndOfGeneration(token)) break;
        read(decoder.push(token));
      }
      all.push(...(parser.end().calls ?? []));
      if (!said.includes('directly-answer')) expect(all.length, said).toBeGreaterThan(0);
      for (const call of all) {
        names.add(call.name);
        expect(isValid[call.name]?.(call.arguments), `${said}\n${JSON.stringify(call)}`).toBe(true);
      }
    }
    if (family.opens !== 'get_more\n') expect(names.size).toBeGreaterThan(1);
  }
});
