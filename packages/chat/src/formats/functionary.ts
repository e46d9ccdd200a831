/** Functionary 3.1: `<function=name>{…}</function>`. Functionary 3.2: `>>>name` and the arguments on the next line, `>>>all` and content. */
import { type OutputParser, type ParsedCall, type ParsedText, parsed } from '../output.ts';
import { partialLength } from '../partial.ts';
import { argumentsOf, type Tool } from '../tools.ts';
import {
  asArguments,
  closedBehindJson,
  type Expected,
  type Format,
  jsonEnd,
  OutputError,
  parseJson,
  type Shape,
} from './format.ts';

export const functionary31: Format = {
  detect: template => template.includes('<function=') && !template.includes('<parameter='),
  calls: [
    {
      open: '<function=',
      end: closedBehindJson('</function>'),
      read(body) {
        const [, name, json] = /^([^>]+)>([\s\S]*)$/.exec(body) ?? [];
        if (name === undefined) throw new OutputError('a call of a tool without a name');
        return [{ name, arguments: asArguments(parseJson(json)) }];
      },
      shapes: tools => tools.map(tool => [`${tool.name}>`, { schema: argumentsOf(tool) }, '</function>']),
    },
  ],
};

/** The prompt ends with `>>>`, so a recipient comes first. */
export const functionary32: Format = {
  detect: template => template.includes('>>>all'),
  calls: [],
  create: tools => createRecipientParser(tools),
};

function createRecipientParser(tools: readonly Tool[]): OutputParser {
  let text = '';
  /** Undefined while its line is not complete. */
  let recipient: string | undefined;
  const calls: ParsedCall[] = [];
  const shapes = new Map(tools.map((tool): [string, Shape] => [tool.name, [{ schema: argumentsOf(tool) }]]));

  const run = (ended: boolean): ParsedText => {
    let content = '';
    for (;;) {
      if (recipient === undefined) {
        const line = text.indexOf('\n');
        if (line < 0 && !ended) break;
        recipient = (line < 0 ? text : text.slice(0, line)).trim();
        text = line < 0 ? '' : text.slice(line + 1);
      }
      const isContent = !tools.some(({ name }) => name === recipient);
      const end = isContent ? undefined : jsonEnd(text);
      if (!isContent && end === undefined && !ended) break;
      // the JSON of a call may hold the mark
      const next = text.indexOf('>>>', end);
      let sure = next >= 0 ? next : text.length;
      if (next < 0 && !ended) sure = isContent ? text.length - partialLength(text, '>>>') : 0;
      if (isContent) content += text.slice(0, sure);
      else if (next >= 0 || ended) {
        calls.push({ name: recipient, arguments: asArguments(parseJson(text.slice(0, end ?? sure))) });
      }
      text = text.slice(sure);
      if (next < 0) break;
      text = text.slice(3);
      recipient = undefined;
    }
    return parsed({ thinking: '', content, calls: ended ? calls : [] });
  };
  return {
    push(piece) {
      text += piece;
      return run(false);
    },
    end: () => run(true),
    inContent: true,
    shapes: [...shapes.values()],
    get expected(): Expected | undefined {
      const shape = text === '' ? shapes.get(recipient ?? '') : undefined;
      return shape && { shapes: [shape], begun: '' };
    },
  };
}
