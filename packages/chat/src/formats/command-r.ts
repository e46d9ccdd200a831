/** Command R7B and A: blocks of thoughts, of text and of actions. Command R and R+: `Action:` and a list in a code block. */
import type { ParsedCall } from '../output.ts';
import type { Tool } from '../tools.ts';
import {
  asObject,
  type CallKeys,
  callId,
  callsSchema,
  closedBehindJson,
  type Format,
  jsonCalls,
  jsonEnd,
  OutputError,
} from './format.ts';

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

/** As Ollama's own parser reads it: where the list is no JSON, each call in it for itself. */
export const cohere: Format = {
  ...commandA,
  calls: [
    {
      ...commandA.calls[0],
      read(body) {
        try {
          return (JSON.parse(body) as readonly unknown[]).map(callOf);
        } catch {
          return objectsIn(body).flatMap(object => {
            try {
              return [callOf(JSON.parse(object))];
            } catch {
              return [];
            }
          });
        }
      },
    },
  ],
};

/** Throws OutputError. */
function callOf(value: unknown): ParsedCall {
  const { tool_call_id: id = '', tool_name: name = '', parameters } = asObject(value);
  if (typeof id !== 'string' || typeof name !== 'string') throw new OutputError('a call of a tool is none');
  return { name, arguments: asObject(parameters ?? {}) };
}

/** What is between outer braces, be it JSON or not. */
function objectsIn(text: string): string[] {
  const objects: string[] = [];
  let isString = false;
  for (let i = 0; i < text.length; i++) {
    if (isString && text[i] === '\\') i++;
    else if (text[i] === '"') isString = !isString;
    else if (!isString && text[i] === '{') {
      const object = text.slice(i, i + (jsonEnd(text.slice(i)) ?? 0));
      if (object) objects.push(object);
      i += Math.max(0, object.length - 1);
    }
  }
  return objects;
}

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
