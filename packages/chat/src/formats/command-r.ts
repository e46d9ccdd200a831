/** Command R7B and A: blocks of thoughts, of text and of actions. Command R and R+: `Action:` and a list in a code block. */
import type { Tool } from '../tools.ts';
import { type CallKeys, callId, callsSchema, closedBehindJson, type Format, jsonCalls } from './format.ts';

const keys: CallKeys = { name: 'tool_name', args: ['parameters'] };

export const commandA: Format = {
  detect: template => template.includes('<|START_ACTION|>'),
  thinking: { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  drops: [
    '<|START_RESPONSE|>',
    '<|END_RESPONSE|>',
    '<|START_TEXT|>',
    '<|END_TEXT|>',
    '<|END_OF_TURN_TOKEN|>',
  ],
  calls: [
    {
      open: '<|START_ACTION|>',
      inner: ['<|END_ACTION|>'],
      end: closedBehindJson('<|END_ACTION|>'),
      read: jsonCalls(keys),
      shapes: tools => [
        [
          {
            schema: callsSchema(tools, keys, { before: { tool_call_id: callId } }),
          },
          '<|END_ACTION|>',
        ],
      ],
    },
  ],
};

/** How the model says that it needs no tool. */
export const directly: Tool = { name: 'directly-answer', parameters: {} };

export const commandR: Format = {
  detect: template => template.includes('Action:') && template.includes('```json'),
  calls: [
    {
      open: 'Action:',
      end(text) {
        const close = /```json[\s\S]*?```/.exec(text);
        return close
          ? { body: close.index + close[0].length, next: close.index + close[0].length }
          : undefined;
      },
      read: (body, tools) =>
        jsonCalls(keys)(body.replace(/^\s*```json|```\s*$/g, ''), tools).filter(
          ({ name }) => name !== directly.name,
        ),
      shapes: tools => [[' ```json\n', { schema: callsSchema([...tools, directly], keys) }, '\n```']],
    },
  ],
};
