/** Hermes, Qwen 2.5 and 3, Granite 4, SmolLM3 and many others: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`. */
import {
  asObject,
  callSchema,
  closedBehindJson,
  type Format,
  jsonCalls,
  OutputError,
  parseJson,
} from './format.ts';

export const hermes: Format = {
  detect: template => template.includes('<tool_call>'),
  calls: [
    {
      open: '<tool_call>',
      inner: ['</tool_call>'],
      end: closedBehindJson('</tool_call>'),
      read: jsonCalls(),
      shapes: tools => [[{ schema: callSchema(tools) }, '\n</tool_call>']],
    },
  ],
};

/** As Ollama's own parser of Qwen 3 reads it: one object, whose arguments are called so and are an object. */
export const qwen3: Format = {
  ...hermes,
  calls: [
    {
      ...hermes.calls[0],
      read(body) {
        const { name, arguments: args } = asObject(parseJson(body));
        if (typeof name !== 'string' || name === '') throw new OutputError('empty function name');
        return [{ name, arguments: asObject(args ?? {}) }];
      },
      shapes: tools => [
        [{ schema: callSchema(tools, { name: 'name', args: ['arguments'] }) }, '\n</tool_call>'],
      ],
    },
  ],
};
