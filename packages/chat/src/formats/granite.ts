/** Granite 3 and Phi 4: `<|tool_call|>[{"name": …, "arguments": {…}}]`; Phi closes the list with a mark. */
import { callsSchema, closedByJson, type Format, jsonCalls } from './format.ts';

export const granite: Format = {
  detect: template => template.includes('<|tool_call|>'),
  drops: ['<|/tool_call|>'],
  calls: [
    {
      open: '<|tool_call|>',
      end: closedByJson,
      read: jsonCalls(),
      shapes: tools => [[{ schema: callsSchema(tools) }]],
    },
  ],
};
