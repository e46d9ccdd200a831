/**
 * Structured outputs in a real Chromium: smollm2:135m at temperature 1 answers by schemas of many kinds, and every answer that is
 * finished is judged by Ajv. Schemas bound the length of most answers; one that is cut says so.
 */
import { expect, type Page, test } from '@playwright/test';
import Ajv from 'ajv/dist/2020.js';

const model = 'smollm2:135m';
/** SwiftShader takes a third of a second for a token, lavapipe far less. */
const seedsOn = (adapter: string) => (adapter === 'swiftshader' ? [1] : [1, 2, 3, 4, 5]);
const mostTokens = 32;

const text = { type: 'string', maxLength: 12 };
const object = (properties: Record<string, unknown>, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  ...more,
});

/** The first five are those of Ollama's documentation; what has a second place says less there, so that it comes to its end. */
const schemas: Record<string, { readonly prompt?: string; readonly schema: object }> = {
  'age and availability': {
    prompt: 'Ollama is 22 years old and is busy saving the world. Respond using JSON',
    schema: object({ age: { type: 'integer' }, available: { type: 'boolean' } }),
  },
  'a country': {
    prompt: 'Tell me about Canada.',
    schema: object({
      name: { type: 'string' },
      capital: { type: 'string' },
      languages: { type: 'array', items: { type: 'string' } },
    }),
  },
  pets: {
    prompt: 'I have two pets: a cat named Luna and a dog named Loki.',
    schema: object({
      pets: {
        type: 'array',
        items: object({
          name: { type: 'string' },
          animal: { type: 'string' },
          age: { type: 'integer' },
          color: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        }),
      },
    }),
  },
  friends: {
    prompt: 'I have two friends. The first is Ollama 22 years old busy saving the world.',
    schema: {
      $defs: { Friend: object({ name: text, age: { type: 'integer' }, is_available: { type: 'boolean' } }) },
      ...object({ friends: { type: 'array', items: { $ref: '#/$defs/Friend' }, maxItems: 1 } }),
    },
  },
  'a scene': {
    prompt: 'Describe the photo.',
    schema: object({
      time_of_day: { enum: ['Morning', 'Afternoon', 'Evening', 'Night'] },
      setting: { enum: ['Indoor', 'Outdoor', 'Unknown'] },
      confidence: { type: 'number', minimum: 0, maximum: 1, multipleOf: 0.01 },
    }),
  },
  'one of some values': { schema: { enum: ['positive', 'neutral', 'negative', 3, null, { other: [true] }] } },
  'what is settled': { schema: object({ version: { const: 2 }, kind: { const: 'answer' } }) },
  'a number of hundredths': {
    schema: { type: 'number', exclusiveMinimum: -2, maximum: 9.5, multipleOf: 0.25 },
  },
  'a pattern': { schema: { type: 'string', pattern: '^[A-Z]{2}-\\d{3,5}(?:/[a-z]+)?$', maxLength: 14 } },
  formats: {
    schema: object({ day: { type: 'string', format: 'date' }, id: { type: 'string', format: 'ipv4' } }),
  },
  'a tuple': {
    schema: {
      type: 'array',
      prefixItems: [text, { type: 'integer', maximum: 99 }],
      items: false,
      minItems: 2,
    },
  },
  'items that differ': {
    schema: { type: 'array', items: { enum: ['a', 'b', 'c', 'd'] }, uniqueItems: true, minItems: 2 },
  },
  'an item that is there': {
    schema: { type: 'array', items: { type: 'boolean' }, contains: { const: false }, maxItems: 4 },
  },
  'either of two objects': {
    schema: { anyOf: [object({ cat: text }), object({ dog: { type: 'integer', minimum: 1 } })] },
  },
  'exactly one': {
    schema: {
      type: 'integer',
      minimum: 0,
      maximum: 500,
      oneOf: [{ multipleOf: 3 }, { multipleOf: 5 }],
    },
  },
  'all of them': {
    schema: {
      type: 'object',
      allOf: [
        object({ a: { type: 'integer', minimum: 1 } }),
        { properties: { a: { maximum: 20 }, b: text } },
      ],
    },
  },
  'a tree': {
    schema: {
      $ref: '#/$defs/node',
      $defs: {
        node: object({
          value: { type: 'integer', maximum: 9, minimum: 0 },
          children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 1 },
        }),
      },
    },
  },
  'a condition': {
    schema: object(
      { paid: { type: 'boolean' }, price: { type: 'integer', minimum: 0, maximum: 1000 } },
      // biome-ignore lint/suspicious/noThenProperty: the keyword's name
      { if: { properties: { paid: { const: false } } }, then: { properties: { price: { const: 0 } } } },
    ),
  },
  'names by a pattern': {
    schema: {
      type: 'object',
      patternProperties: { '^x-[a-z]{1,6}$': { type: 'integer', maximum: 9, minimum: 0 } },
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 2,
    },
  },
  'names that need others': {
    schema: {
      type: 'object',
      properties: {
        card: { type: 'integer', maximum: 999 },
        address: text,
        note: { not: { type: 'string' }, enum: ['x', 1] },
      },
      dependentRequired: { card: ['address'] },
      propertyNames: { minLength: 4 },
      minProperties: 1,
      additionalProperties: false,
    },
  },
};

const ajv = new Ajv({ strict: false });
ajv.addFormat('date', value => new Date(value).toISOString().startsWith(value));
ajv.addFormat(
  'ipv4',
  value => value.split('.').length === 4 && value.split('.').every(part => Number(part) < 256),
);

interface Answer {
  readonly response: string;
  readonly done_reason: string;
  readonly eval_count: number;
}

function generate(page: Page, prompt: string, format: object | string, seed: number): Promise<Answer> {
  return page.evaluate(
    async ({ model, prompt, format, seed, mostTokens }) => {
      const options = { temperature: 1, seed, num_predict: mostTokens, num_ctx: 512 };
      const body = { model, prompt, format, options, stream: false };
      const response = await fetch('/api/generate', { method: 'POST', body: JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      return answer;
    },
    { model, prompt, format, seed, mostTokens },
  );
}

test.describe('smollm2:135m at temperature 1', () => {
  let page: Page;
  const finished: string[] = [];

  test.beforeAll(async ({ browser, baseURL }) => {
    page = await browser.newPage({ baseURL });
    await page.goto('/playground.html');
    await page.waitForFunction(() => 'llama' in globalThis);
    const pulled = await page.evaluate(async model => {
      const response = await fetch('/api/pull', {
        method: 'POST',
        body: JSON.stringify({ model, stream: false }),
      });
      return response.json();
    }, model);
    expect(pulled).toEqual({ status: 'success' });
  });
  test.afterAll(() => page.close());

  const all: typeof schemas = { ...schemas, 'format json': { schema: { type: 'object' } } };
  for (const [name, { prompt = 'Answer with JSON.', schema }] of Object.entries(all)) {
    test(`${name}: what is finished is valid`, async ({ browserName: _ }, { project }) => {
      const seeds = seedsOn(project.name);
      test.setTimeout(60_000 + seeds.length * mostTokens * 3000);
      const isValid = ajv.compile(schema);
      for (const seed of seeds) {
        const format = name === 'format json' ? 'json' : schema;
        const { response, done_reason, eval_count } = await generate(page, prompt, format, seed);
        if (done_reason === 'length') {
          expect(eval_count).toBe(mostTokens);
          continue;
        }
        expect(done_reason).toBe('stop');
        expect(isValid(JSON.parse(response)), `${response} ${JSON.stringify(isValid.errors)}`).toBe(true);
        finished.push(response);
      }
    });
  }

  test('many answers come to their end, and different seeds say different things', ({ browserName: _ }, {
    project,
  }) => {
    const answers = Object.keys(all).length * seedsOn(project.name).length;
    console.log(`${finished.length} of ${answers} finished, ${new Set(finished).size} of them different`);
    expect(finished.length).toBeGreaterThan(0.4 * answers);
    expect(new Set(finished).size).toBeGreaterThan(0.5 * finished.length);
  });
});
