/** FunctionGemma and Gemma 4: `call:name{key:value,…}` between marks, with a mark in the place of quotes. */
import type { ParsedCall } from '../output.ts';
import { asArguments, closedBy, type Format, OutputError, parseJson } from './format.ts';

const bareValue = /^[^,{}[\]]+$/;

export const functionGemma: Format = {
  detect: template => template.includes('<start_function_call>'),
  calls: [
    {
      open: '<start_function_call>',
      inner: ['<end_function_call>', '<escape>'],
      end: closedBy('<end_function_call>'),
      read: body => readCall(body, '<escape>'),
    },
  ],
};

export const gemma4: Format = {
  detect: template => template.includes('<|tool_call>'),
  thinking: { open: '<|channel>thought\n', close: '<channel|>' },
  thinksLater: true,
  drops: ['<tool_call|>', '<|tool_response>'],
  calls: [
    {
      open: '<|tool_call>',
      inner: ['<tool_call|>', '<|"|>'],
      end: closedBy('<tool_call|>'),
      read: body => readCall(body, '<|"|>'),
    },
  ],
};

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
        : piece
            .replace(/([{,]\s*)([\p{L}\p{N}_]+)(\s*:)/gu, '$1"$2"$3')
            .replace(/(:)([^,{}[\]]+)/g, quoteBare),
    )
    .join('');
}

/** A bare word that is no JSON is a text. */
function quoteBare(all: string, colon: string, value: string): string {
  if (!bareValue.test(value) || /^\s*("|-?\d|true\b|false\b|null\b)/.test(value) || value.trim() === '')
    return all;
  return `${colon}${JSON.stringify(value.trim())}`;
}
