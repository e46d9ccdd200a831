/** Schemas of many kinds: those of Ollama's page on structured outputs first. */
import { defaultModel as model } from '../../llama.ts';
import { type Example, type ExampleGroup, post } from './example.ts';
import { country, object } from './material.ts';

const text = { type: 'string', maxLength: 12 };

function generate(title: string, prompt: string, format: object, note?: string): Example {
  return post(
    title,
    '/api/generate',
    { model, prompt, format, options: { temperature: 0, num_predict: 128 } },
    { note },
  );
}

export const structured: ExampleGroup = {
  title: 'Structured outputs',
  examples: [
    generate('A country', 'Tell me about Canada.', country),
    generate(
      'Pets',
      'I have two pets: a cat named Luna, 5, who is grey, and a dog named Loki, 2. List my pets.',
      object({
        pets: {
          type: 'array',
          maxItems: 2,
          items: object({
            name: text,
            animal: text,
            age: { type: 'integer' },
            color: { anyOf: [text, { type: 'null' }] },
          }),
        },
      }),
    ),
    generate(
      'Friends, by reference',
      'I have two friends. Ollama is 22 years old and busy saving the world. Alonso is 23 and hangs out. List them.',
      {
        $defs: {
          friend: object({ name: text, age: { type: 'integer' }, is_available: { type: 'boolean' } }),
        },
        ...object({
          friends: { type: 'array', items: { $ref: '#/$defs/friend' }, minItems: 2, maxItems: 2 },
        }),
      },
    ),
    generate(
      'A scene',
      'A photo of the beach at noon. Describe it.',
      object({
        time_of_day: { enum: ['Morning', 'Afternoon', 'Evening', 'Night'] },
        setting: { enum: ['Indoor', 'Outdoor', 'Unknown'] },
        confidence: { type: 'number', minimum: 0, maximum: 1, multipleOf: 0.01 },
      }),
    ),
    generate('One of some values', 'I love this! Is that positive, neutral or negative?', {
      enum: ['positive', 'neutral', 'negative'],
    }),
    generate(
      'Formats and a pattern',
      'The first day of the year 2000, a private address, and the number of a flight.',
      object({
        day: { type: 'string', format: 'date' },
        address: { type: 'string', format: 'ipv4' },
        flight: { type: 'string', pattern: '^[A-Z]{2}\\d{3,4}$' },
      }),
    ),
    generate(
      'A condition',
      'An order of 30 euros. Its status is open.',
      object(
        { status: { enum: ['open', 'paid'] }, price: { type: 'integer' }, reminder: { type: 'boolean' } },
        {
          if: { properties: { status: { const: 'open' } } },
          // biome-ignore lint/suspicious/noThenProperty: the keyword's name
          then: { properties: { reminder: { const: true } } },
        },
      ),
      'What is open has a reminder, whatever the model thinks of it.',
    ),
    generate('Exactly one', 'The name of my dog is Loki.', {
      oneOf: [object({ cat: text }), object({ dog: text })],
    }),
    generate(
      'A schema that cannot be enforced',
      'Say a word twice.',
      { type: 'object', properties: { twice: { type: 'string', pattern: '^(.+)\\1$' } } },
      'It is refused, with the place and the keyword, instead of being kept in part.',
    ),
  ],
};
