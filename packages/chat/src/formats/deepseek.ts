/** DeepSeek R1, V3 and V3.1: calls between marks, their arguments bare or in a code block. */
import { argumentsOf } from '../tools.ts';
import { asArguments, closedBy, type Format, OutputError, parseJson } from './format.ts';

const [begin, separator, end] = ['<｜tool▁call▁begin｜>', '<｜tool▁sep｜>', '<｜tool▁call▁end｜>'];

export const deepseek: Format = {
  detect: template => template.includes('<｜tool▁calls▁begin｜>'),
  drops: ['<｜tool▁output▁begin｜>', '<｜tool▁output▁end｜>'],
  calls: [
    {
      open: '<｜tool▁calls▁begin｜>',
      inner: [begin, separator, end, '<｜tool▁calls▁end｜>'],
      end: closedBy('<｜tool▁calls▁end｜>'),
      read: body =>
        body
          .split(begin)
          .slice(1)
          .map(call => {
            const [before, after] = call.split(end)[0].split(separator);
            if (after === undefined) throw new OutputError(`a call of a tool without ${separator}`);
            // R1: function<｜tool▁sep｜>name, and the arguments as a code block
            const [, name, json] = /^\s*(\S+)\s*```json\s*([\s\S]*?)(?:```)?\s*$/.exec(after) ?? [];
            if (name !== undefined) return { name, arguments: asArguments(parseJson(json)) };
            return { name: before.trim(), arguments: asArguments(parseJson(after.trim())) };
          }),
      shapes: tools =>
        tools.flatMap(tool => {
          const json = { schema: argumentsOf(tool) };
          return [
            [`${tool.name}${separator}`, json, end],
            [`function${separator}${tool.name}\n\`\`\`json\n`, json, `\n\`\`\`${end}`],
          ];
        }),
      begun: text => (text.endsWith(begin) ? '' : undefined),
    },
  ],
};
