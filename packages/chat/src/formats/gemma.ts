/** FunctionGemma and Gemma 4: `call:name{key:value,…}` between marks, with a mark in the place of quotes. */
import type { ParsedCall } from '../output.ts';
import {
  asArguments,
  type CallMark,
  closedBy,
  type Format,
  OutputError,
  parseJson,
  spelledArguments,
} from './format.ts';

const bareValue = /^[^,{}[\]]+$/;

export const functionGemma: Format = {
  detect: template => template.includes('<start_function_call>'),
  calls: [callMark('<start_function_call>', '<end_function_call>', '<escape>')],
};

export const gemma4: Format = {
  detect: template => template.includes('<|tool_call>'),
  thinking: { open: '<|channel>', name: 'thought\n', close: '<channel|>' },
  thinksLater: true,
  drops: ['<tool_call|>', '<|tool_response>'],
  calls: [callMark('<|tool_call>', '<tool_call|>', '<|"|>')],
};

function callMark(open: string, close: string, quote: string): CallMark {
  const spelling = {
    before: [''],
    is: [':'],
    after: [''],
    between: [','],
    close: ['}'],
    names: '^[^\\s"{}[\\],:]+$',
    never: [quote, close],
    bareNames: true,
    quotes: [{ open: quote, close: quote }],
  };
  return {
    open,
    inner: [close, quote],
    end: closedBy(close),
    read: body => readCall(body, quote),
    shapes: tools => tools.map(tool => [`call:${tool.name}{`, spelledArguments(tool, spelling), close]),
  };
}

function readCall(body: string, mark: string): ParsedCall[] {
  const [, name, values] = /^\s*call:([^{]+)(\{[\s\S]*\})\s*$/.exec(body) ?? [];
  if (name === undefined) throw new OutputError(`a call of a tool that is none: ${body.trim()}`);
  return [{ name: name.trim(), arguments: asArguments(parseJson(toJson(values, mark))) }];
}

/** Every second piece between the marks is a text; in the others, keys have no quotes. */
function toJson(values: string, mark: string): string {
  const pieces = values.split(mark);
  return pieces
    .map((piece, i) =>
      i % 2 === 1
        ? JSON.stringify(piece)
        : outsideStrings(piece, rest =>
            rest.replace(/([{,]\s*)([^\s"{}[\],:]+)(\s*:)/g, quoteKey).replace(/(:)([^,{}[\]]+)/g, quoteBare),
          ),
    )
    .join('');
}

const outsideStrings = (text: string, change: (rest: string) => string) =>
  text
    .split(/("(?:\\.|[^"\\])*")/)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('');

const quoteKey = (_: string, before: string, key: string, colon: string) =>
  before + JSON.stringify(key) + colon;

/** A bare word that is no JSON is a text. */
function quoteBare(all: string, colon: string, value: string): string {
  if (!bareValue.test(value) || /^\s*("|-?\d|true\b|false\b|null\b)/.test(value) || value.trim() === '')
    return all;
  return `${colon}${JSON.stringify(value.trim())}`;
}
