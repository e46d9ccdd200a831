/** Families whose calls are a list or an object of JSON between marks of their own. */

import { argumentsOf, typesOf } from '../tools.ts';
import {
  asArguments,
  callId,
  callsSchema,
  closedBehindJson,
  closedBy,
  closedByJson,
  commonKeys,
  type Format,
  jsonCalls,
  OutputError,
  parseJson,
  type Shape,
  spelledArguments,
} from './format.ts';
import { bareSpelling, typedValue } from './typed-value.ts';

/** Nemotron Nano 2. */
export const nemotron: Format = {
  detect: template => template.includes('<TOOLCALL>'),
  calls: [
    {
      open: '<TOOLCALL>',
      inner: ['</TOOLCALL>'],
      end: closedBehindJson('</TOOLCALL>'),
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
      end: closedBehindJson('</tool_calls>'),
      read: jsonCalls(),
      shapes: tools => [
        [{ schema: callsSchema(tools, commonKeys, { after: { id: callId } }) }, '</tool_calls>'],
      ],
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

const [begin, argument, end, sectionEnd] = [
  '<|tool_call_begin|>',
  '<|tool_call_argument_begin|>',
  '<|tool_call_end|>',
  '<|tool_calls_section_end|>',
];

/** Kimi K2: `functions.name:0` and the arguments. */
export const kimi: Format = {
  detect: template => template.includes('<|tool_calls_section_begin|>'),
  calls: [
    {
      open: '<|tool_calls_section_begin|>',
      inner: [sectionEnd, begin, end, argument],
      end: closedBy(sectionEnd),
      read: body =>
        body
          .split(begin)
          .slice(1)
          .map(call => {
            const [written, json] = call.split(end)[0].split(argument);
            if (json === undefined) throw new OutputError(`a call of a tool without ${argument}`);
            const name = written
              .trim()
              .replace(/^functions\./, '')
              .replace(/:\d+$/, '');
            return { name, arguments: asArguments(parseJson(json)) };
          }),
      shapes: tools => [
        [
          {
            some: tools.flatMap(tool =>
              Array.from(
                { length: 10 },
                (_, i): Shape => [
                  `${begin}functions.${tool.name}:${i}${argument}`,
                  { schema: argumentsOf(tool) },
                  end,
                ],
              ),
            ),
            between: [''],
          },
          sectionEnd,
        ],
      ],
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
      shapes: tools => [
        [
          {
            some: tools.map(tool => [
              `\n<invoke name="${tool.name}">`,
              spelledArguments(
                tool,
                bareSpelling(tool, {
                  before: ['\n<parameter name="', '<parameter name="'],
                  is: ['">'],
                  after: ['</parameter>'],
                  close: ['\n</invoke>', '</invoke>'],
                  names: '^[^">]+$',
                  never: ['</parameter>', '</invoke>', '</minimax:tool_call>'],
                }),
              ),
            ]),
            between: [''],
          },
          '\n</minimax:tool_call>',
        ],
      ],
    },
  ],
};
