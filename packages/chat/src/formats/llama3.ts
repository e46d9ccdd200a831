/** Llama 3.1 to 3.3: an answer that is `{"name": …, "parameters": {…}}`, with or without `<|python_tag|>`. */
import { type CallMark, callSchema, closedByJson, type Format, jsonCalls, OutputError } from './format.ts';

const read = jsonCalls();
const shapes: CallMark['shapes'] = tools => [[{ schema: callSchema(tools) }]];
/** An object alone may be the answer, and what stands behind the mark a program. */
const begun = (text: string) => /^\s*(\{\s*"name")$/.exec(text)?.[1];

export const llama3: Format = {
  detect: template =>
    template.includes('<|python_tag|>') ||
    (template.includes('<|start_header_id|>') && template.includes('ipython')),
  calls: [
    { open: '<|python_tag|>', end: () => undefined, read, shapes, begun },
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
      shapes,
      begun: text => begun(`{${text}`),
    },
  ],
};
