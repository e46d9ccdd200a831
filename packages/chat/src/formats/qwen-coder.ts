/** Qwen3 Coder, Qwen 3.5 and Nemotron 3: `<tool_call><function=name><parameter=key>value</parameter></function></tool_call>`. */
import { typesOf } from '../tools.ts';
import { closedBy, type Format, OutputError, spelledArguments } from './format.ts';
import { bareSpelling, typedValue } from './typed-value.ts';

const tag = /<parameter=[^>]*>?|<\/parameter>|<\/function>/;
/** A parameter in whose value there is none of these tags. */
const parameter = new RegExp(`<parameter=([^>]+)>((?:(?!${tag.source})[\\s\\S])*)</parameter>`, 'g');

export const qwenCoder: Format = {
  detect: template => template.includes('<function=') && template.includes('<parameter='),
  calls: [
    {
      open: '<tool_call>',
      inner: ['</tool_call>'],
      end: closedBy('</tool_call>'),
      read(body, tools) {
        const [, name, inner] = /<function=([^>]+)>([\s\S]*)<\/function>/.exec(body) ?? [];
        if (name === undefined) throw new OutputError(`a call of a tool without a function: ${body.trim()}`);
        const tool = tools.find(one => one.name === name);
        const values = [...inner.matchAll(parameter)].map(([, key, value]): [string, unknown] => [
          key,
          typedValue(value, typesOf(tool, key)),
        ]);
        const [wrong] = tag.exec(inner.replaceAll(parameter, '')) ?? [];
        if (wrong) throw new OutputError(`XML syntax error: ${wrong} is not closed, or was not opened`);
        return [{ name, arguments: Object.fromEntries(values) }];
      },
      shapes: tools =>
        tools.map(tool => [
          `\n<function=${tool.name}>`,
          spelledArguments(
            tool,
            bareSpelling(tool, {
              before: ['\n<parameter=', '<parameter='],
              is: ['>\n'],
              after: ['\n</parameter>'],
              close: ['\n</function>', '</function>'],
              names: '^[^>]+$',
              never: ['</parameter>', '</tool_call>'],
            }),
          ),
          '\n</tool_call>',
        ]),
    },
  ],
};
