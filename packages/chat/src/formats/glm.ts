/** GLM 4.5 to 4.7: `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`. */
import { typesOf } from '../tools.ts';
import { closedBy, type Format, OutputError, spelledArguments } from './format.ts';
import { bareSpelling, typedValue } from './typed-value.ts';

export const glm: Format = {
  detect: template => template.includes('<arg_key>'),
  calls: [
    {
      open: '<tool_call>',
      inner: ['</tool_call>', '<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>'],
      end: closedBy('</tool_call>'),
      read(body, tools) {
        const name = body.split('<arg_key>')[0].trim();
        if (name === '') throw new OutputError('empty function name');
        const tool = tools.find(one => one.name === name);
        const pairs = body.matchAll(/<arg_key>([\s\S]*?)<\/arg_key>\s*<arg_value>([\s\S]*?)<\/arg_value>/g);
        const values = [...pairs].map(([, written, value]): [string, unknown] => {
          const key = written.trim();
          return [key, typedValue(value, typesOf(tool, key))];
        });
        return [{ name, arguments: Object.fromEntries(values) }];
      },
      shapes: tools =>
        tools.map(tool => [
          tool.name,
          spelledArguments(
            tool,
            bareSpelling(tool, {
              before: ['\n<arg_key>', '<arg_key>'],
              is: ['</arg_key>\n<arg_value>', '</arg_key><arg_value>'],
              after: ['</arg_value>'],
              close: ['\n</tool_call>', '</tool_call>'],
              names: '^[^\\s<]+$',
              never: ['</arg_value>', '</tool_call>'],
            }),
          ),
        ]),
    },
  ],
};
