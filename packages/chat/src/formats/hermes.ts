/** Hermes, Qwen 2.5 and 3, Granite 4, SmolLM3 and many others: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`. */
import { callSchema, closedBehindJson, type Format, jsonCalls } from './format.ts';

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
