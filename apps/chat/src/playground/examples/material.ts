/** What several examples ask, show or offer. */
export const prompt = 'Why is the sky blue?';
export const ask = [{ role: 'user', content: prompt }];

/** A PNG of one pixel. */
export const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A schema of an object with all of these properties. */
export const object = (properties: Readonly<Record<string, object>>, more: object = {}) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  ...more,
});

export const availability = object({ age: { type: 'integer' }, available: { type: 'boolean' } });

export const country = object({
  name: { type: 'string' },
  capital: { type: 'string' },
  languages: { type: 'array', items: { type: 'string' }, maxItems: 3 },
});

export const weatherTool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the weather in a given city',
    parameters: object({ city: { type: 'string', description: 'The city to get the weather for' } }),
  },
};

export const currentWeatherTool = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: 'Get the current weather for a location',
    parameters: object({
      location: { type: 'string', description: 'The location, e.g. San Francisco, CA' },
      format: { type: 'string', description: 'The unit', enum: ['celsius', 'fahrenheit'] },
    }),
  },
};
