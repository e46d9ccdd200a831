/** GLM 4.5 to 4.7: `<tool_call>name<arg_key>key</arg_key><arg_value>value</arg_value></tool_call>`. */
import { typesOf } from '../tools.ts';
import { closedBy, type Format, OutputError, spelledArguments } from './format.ts';
import { bareSpelling, typedValue } from './typed-value.ts';

/** The name, keys and values of a call; a tag that is missing is taken for there where the next one shows it. */
function parts(body: string): { name: string; keys: string[]; values: string[] } {
  const [before, ...rest] = body.split(/(<\/?arg_(?:key|value)>)/);
  const keys: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < rest.length; i += 2) {
    const [tag, text, next] = [rest[i], rest[i + 1], rest[i + 2]];
    if (tag === '<arg_key>') keys.push(text.trim());
    else if (tag === '<arg_value>' || (next === '</arg_value>' && text.trim() !== '')) values.push(text);
  }
  return { name: before.trim(), keys, values };
}

export const glm: Format = {
  detect: template => template.includes('<arg_key>'),
  calls: [
    {
      open: '<tool_call>',
      inner: ['</tool_call>', '<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>'],
      end: closedBy('</tool_call>'),
      read(body, tools) {
        const { name, keys, values } = parts(body);
        if (name === '') throw new OutputError('empty function name');
        if (keys.length !== values.length) {
          const counts = `${keys.length} keys, ${values.length} values`;
          throw new OutputError(`mismatched arg_key and arg_value counts: ${counts}`);
        }
        const tool = tools.find(one => one.name === name);
        const given = keys.map((key, i): [string, unknown] => [
          key,
          typedValue(values[i], typesOf(tool, key)),
        ]);
        return [{ name, arguments: Object.fromEntries(given) }];
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
