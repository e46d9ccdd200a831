/** Mistral: `[TOOL_CALLS][{"name": …, "arguments": {…}}]`, or since 2025 `[TOOL_CALLS]name[ARGS]{…}`, and `[THINK]…[/THINK]`. */
import { argumentsOf } from '../tools.ts';
import {
  asArguments,
  callId,
  callsSchema,
  commonKeys,
  type Format,
  jsonCalls,
  jsonEnd,
  OutputError,
  parseJson,
} from './format.ts';

const readList = jsonCalls();
const isList = (text: string) => /^\s*\[(?!ARGS\])/.test(text);

export const mistral: Format = {
  detect: template => template.includes('[TOOL_CALLS]'),
  thinking: { open: '[THINK]', close: '[/THINK]' },
  thinksLater: true,
  calls: [
    {
      open: '[TOOL_CALLS]',
      inner: ['[ARGS]', '[CALL_ID]'],
      end(text) {
        if (/^\s*(\[A?R?G?S?)?$/.test(text)) return undefined;
        const start = isList(text) ? 0 : text.indexOf('{');
        const length = start < 0 ? undefined : jsonEnd(text.slice(start));
        return length === undefined ? undefined : { body: start + length, next: start + length };
      },
      read(body, tools) {
        if (isList(body)) return readList(body, tools);
        const [, name, json] =
          /^\s*([^[{]+?)\s*(?:\[CALL_ID\][^[]*)?(?:\[ARGS\])?\s*(\{[\s\S]*)$/.exec(body) ?? [];
        if (name === undefined) throw new OutputError(`a call of a tool without a name: ${body.trim()}`);
        return [{ name, arguments: asArguments(parseJson(json)) }];
      },
      shapes: tools => tools.map(tool => [`${tool.name}[ARGS]`, { schema: argumentsOf(tool) }]),
    },
  ],
};

export const mistralList: Format = {
  ...mistral,
  detect: template => mistral.detect(template) && !template.includes('[ARGS]'),
  calls: [
    {
      ...mistral.calls[0],
      shapes: tools => [[{ schema: callsSchema(tools, commonKeys, { after: { id: callId } }) }]],
    },
  ],
};

/** Of Ollama's parser, for which a tool that is not there is an error. */
export const ministral: Format = {
  ...mistral,
  calls: [
    {
      ...mistral.calls[0],
      read(body, tools) {
        const calls = mistral.calls[0].read(body, tools);
        const unknown = calls.find(call => !tools.some(({ name }) => name === call.name));
        if (unknown) throw new OutputError(`tool '${unknown.name}' not found`);
        return calls;
      },
    },
  ],
};
