/** Llama 3.1 to 3.3: an answer that is `{"name": …, "parameters": {…}}`, with or without `<|python_tag|>`. */
import { callSchema, closedByJson, type Format, jsonCalls, OutputError } from './format.ts';

const read = jsonCalls();

export const llama3: Format = {
  detect: template =>
    template.includes('<|python_tag|>') ||
    (template.includes('<|start_header_id|>') && template.includes('ipython')),
  calls: [
    { open: '<|python_tag|>', end: () => undefined, read },
    {
      open: '{',
      atStart: true,
      end: (text, ended) => {
        const end = closedByJson(`{${text}`, ended);
        return end && { body: end.body - 1, next: end.next - 1 };
      },
      read(body, tools) {
        const calls = read(`{${body}`, tools);
        if (!calls.every(({ name }) => tools.some(tool => tool.name === name))) {
          throw new OutputError('an object that calls no tool');
        }
        return calls;
      },
      shapes: tools => [[{ schema: callSchema(tools) }]],
      // an object alone may be the answer
      begun: text => (/^\s*"name"$/.test(text) ? `{${text}` : undefined),
    },
  ],
};
