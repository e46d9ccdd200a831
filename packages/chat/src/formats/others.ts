/** Families whose calls are a list or an object of JSON between marks of their own. */

import { typesOf } from '../tools.ts';
import {
  asArguments,
  callId,
  callsSchema,
  closedBy,
  closedByJson,
  type Format,
  jsonCalls,
  OutputError,
  parseJson,
} from './format.ts';
import { typedValue } from './typed-value.ts';

/** Nemotron Nano 2. */
export const nemotron: Format = {
  detect: template => template.includes('<TOOLCALL>'),
  calls: [
    {
      open: '<TOOLCALL>',
      inner: ['</TOOLCALL>'],
      end: closedBy('</TOOLCALL>'),
      read: jsonCalls(),
      shapes: tools => [[{ schema: callsSchema(tools) }, '</TOOLCALL>']],
    },
  ],
};

/** Apriel. */
export const apriel: Format = {
  detect: template => template.includes('<tool_calls>'),
  calls: [
    {
      open: '<tool_calls>',
      inner: ['</tool_calls>'],
      end: closedBy('</tool_calls>'),
      read: jsonCalls(),
      shapes: tools => [[{ schema: callsSchema(tools, { after: { id: callId } }) }, '</tool_calls>']],
    },
  ],
};

/** Firefunction and Phi 4 Mini. */
export const functools: Format = {
  detect: template => template.includes('functools['),
  calls: [
    {
      open: 'functools',
      end: closedByJson,
      read: jsonCalls(),
      shapes: tools => [[{ schema: callsSchema(tools) }]],
    },
  ],
};

const argument = '<|tool_call_argument_begin|>';

/** Kimi K2: `functions.name:0` and the arguments. */
export const kimi: Format = {
  detect: template => template.includes('<|tool_calls_section_begin|>'),
  calls: [
    {
      open: '<|tool_calls_section_begin|>',
      inner: ['<|tool_calls_section_end|>', '<|tool_call_begin|>', '<|tool_call_end|>', argument],
      end: closedBy('<|tool_calls_section_end|>'),
      read: body =>
        body
          .split('<|tool_call_begin|>')
          .slice(1)
          .map(call => {
            const [written, json] = call.split('<|tool_call_end|>')[0].split(argument);
            if (json === undefined) throw new OutputError(`a call of a tool without ${argument}`);
            const name = written
              .trim()
              .replace(/^functions\./, '')
              .replace(/:\d+$/, '');
            return { name, arguments: asArguments(parseJson(json)) };
          }),
    },
  ],
};

/** MiniMax M2. */
export const minimax: Format = {
  detect: template => template.includes('<minimax:tool_call>'),
  calls: [
    {
      open: '<minimax:tool_call>',
      inner: ['</minimax:tool_call>'],
      end: closedBy('</minimax:tool_call>'),
      read: (body, tools) =>
        [...body.matchAll(/<invoke name="?([^">]+)"?>([\s\S]*?)<\/invoke>/g)].map(([, name, inner]) => {
          const tool = tools.find(one => one.name === name);
          const values = [...inner.matchAll(/<parameter name="?([^">]+)"?>([\s\S]*?)<\/parameter>/g)].map(
            ([, key, value]): [string, unknown] => [key, typedValue(value, typesOf(tool, key))],
          );
          return { name, arguments: Object.fromEntries(values) };
        }),
    },
  ],
};
